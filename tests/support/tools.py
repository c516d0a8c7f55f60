"""What scripts/setup-test-tools.sh unpacks below .cache/tools."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".cache" / "tools"
EXAMPLE = ROOT / "examples" / "aml-agent"
LAMINA = (sys.executable, "-m", "lamina")
