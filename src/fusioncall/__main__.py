"""`python -m fusioncall`."""

import sys

from fusioncall.cli import main

sys.exit(main())
