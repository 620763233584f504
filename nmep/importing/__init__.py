"""Taking over a course site (`read`, then `import_syllabus`), and the module pages of a wiki (`read_modules`, then
`import_modules`): the first makes a plan of texts, the second makes it true."""

from mlclub.refusal import Refused
from nmep.importing.module_pages import read_modules
from nmep.importing.module_writing import import_modules
from nmep.importing.plan import read
from nmep.importing.writing import Report, import_syllabus

__all__ = ["Refused", "Report", "import_modules", "import_syllabus", "read", "read_modules"]
