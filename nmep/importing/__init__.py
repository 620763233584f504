"""Taking over the schedule of a course site: `read` makes a plan of its text, `import_syllabus` makes it true."""

from nmep.importing.plan import Refused, read
from nmep.importing.writing import Report, import_syllabus

__all__ = ["Refused", "Report", "import_syllabus", "read"]
