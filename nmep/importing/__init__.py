"""Taking over a course site (`read`, then `import_syllabus`), and the module pages of a wiki (`read_modules`, then
`import_modules`): the first makes a plan of texts, the second makes it true."""

from mlclub.refusal import Refused
from nmep.importing.module_pages import read_modules
from nmep.importing.module_writing import import_modules
from nmep.importing.plan import read
from nmep.importing.report import ModuleReport, Report, lines, module_lines
from nmep.importing.writing import import_syllabus

__all__ = [
    "ModuleReport",
    "Refused",
    "Report",
    "import_modules",
    "import_syllabus",
    "lines",
    "module_lines",
    "read",
    "read_modules",
]
