"""Read the secrets that secret-exec hands over a pipe, as JSON, and print the one that is named.

    secret-exec --secret app --fd 3 -- python3 read-pipe.py PASSWORD
"""

import json
import os
import sys

with open(int(os.environ["SECRETS_FD"]), encoding="utf-8") as pipe:
    secrets = json.load(pipe)

print(secrets[sys.argv[1]])
