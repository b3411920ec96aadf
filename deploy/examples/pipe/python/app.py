"""An application that takes its secrets as JSON from the pipe that secret-exec left for it.

    secret-exec --secret app --fd 3:json -- python3 app.py
"""

import json
import os
import signal


def read_secrets():
    """Return the secrets by name.  Call it once: after reading, the pipe is empty."""
    with open(int(os.environ.pop("SECRETS_FD")), encoding="utf-8") as pipe:
        return json.load(pipe)


def main():
    # Process 1 does not get signals without a handler.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    secrets = read_secrets()
    for name, secret in sorted(secrets.items()):
        print(f"{name}: {len(secret)} characters", flush=True)
    # A real application works here.
    signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main()
