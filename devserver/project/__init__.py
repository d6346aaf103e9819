"""A folder with a function, as one frozen `Project`: what it is called, what it may use, and where each value is from.

    sinch.json   manifest    settings    mistakes      what the project says about itself, and what is wrong with it
    .env         env_file                              values, and names whose value is elsewhere
    keyring      system_keyring                        those values
    variables                                          which of these places wins, and why
    login        credentials  from_login               who is logged in, and what a project takes from that
    config.json  profiles     places                   accounts by name, and the folder they are in
    load         explaining                            all of it together: `load_project`; where a value is from
    scaffold     templates/                            a new project

It must not know about processes, ports or terminals. Reading changes nothing, so that reading a project twice gives the
same answer; what stores something says so. The layers above get a `Project` and never open these files themselves.
"""

from devserver.project.load import Project, load_project
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
    "load_project",
]
