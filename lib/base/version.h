/* version: the one place that states it, and what is linked in besides. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define SECRETMANAGER_VERSION "0.1.0"

/* Return Debian's version if the recipes built it, which includes security patches. */
const char *version_boringssl(void);
/* libyaml's own version. */
const char *version_libyaml(void);

#endif
