/* version: the one place that states it. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define SECRETMANAGER_VERSION "0.1.0"

#endif
