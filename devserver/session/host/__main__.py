"""A host under the debugger: started as a module, so that the lowest frame of every stack is ours and not shown."""

import sys

from devserver.session.host.process import main

main(int(sys.argv[1]))
