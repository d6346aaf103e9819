"""A folder with a function, as one frozen `Project`: what it is called, what it may use, and where each value is from.

    sinch.json   manifest    settings    mistakes      what the project says about itself, and what is wrong with it
    .env         env_file                              values, and names whose value is elsewhere
    keyring      system_keyring                        those values
    variables                                          which of these places wins, and why
    load                                               all of it together: `load_project`
    scaffold     templates/                            a new project

It must not know about processes, ports or terminals, and changes nothing but a new project's folder: reading a project
twice gives the same answer. The layers above get a `Project` and never open these files themselves.
"""

from devserver.project.load import Project, explain_variable, explain_variables, load_project
from devserver.project.settings import DevSettings
from devserver.project.system_keyring import Keyring, SystemKeyring
from devserver.project.variables import Explanation, Source, Step, Variable

__all__ = [
    "DevSettings",
    "Explanation",
    "Keyring",
    "Project",
    "Source",
    "Step",
    "SystemKeyring",
    "Variable",
    "explain_variable",
    "explain_variables",
    "load_project",
]
