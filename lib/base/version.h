/* version: the one place that states it, and what is linked in besides. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define SECRETMANAGER_VERSION "0.1.0"

/* For --version.  Debian's version, which tells of security patches, where the recipes built it. */
const char *version_boringssl(void);
/* libyaml's own version. */
const char *version_libyaml(void);

#endif
