/* version: the version of this project and of linked libraries. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define SECRETMANAGER_VERSION "0.1.0"

/* Return Debian's version if the recipes built it, which includes security patches. */
const char *version_boringssl(void);
/* Return libyaml's version. */
const char *version_libyaml(void);

#endif
