/* version: the version of this project and of linked libraries. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define SECRETMANAGER_VERSION "0.1.0"

/* Return Debian's version, which includes security patches, if the recipes define it. */
const char *version_boringssl(void);
/* Return libyaml's version. */
const char *version_libyaml(void);

#endif
