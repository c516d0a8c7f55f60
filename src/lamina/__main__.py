"""``python -m lamina``."""

import sys

from lamina.cli.app import main

sys.exit(main())
