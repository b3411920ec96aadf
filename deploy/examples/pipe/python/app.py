"""An application that takes its secrets as JSON from the pipe that secret-exec left for it.

    secret-exec --secret app --fd 3:json -- python3 app.py
"""

import json
import os
import signal


def read_secrets():
    """The secrets by their names.  Once: a pipe that was read is empty."""
    with open(int(os.environ.pop("SECRETS_FD")), encoding="utf-8") as pipe:
        return json.load(pipe)


def main():
    # As process 1 it would be deaf to a signal that it does not ask for.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    secrets = read_secrets()
    for name, secret in sorted(secrets.items()):
        print(f"{name}: {len(secret)} characters", flush=True)
    # Here an application would do its work.
    signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main()
