# Sourced by the other scripts: makes .venv with Python 3.11 or later and installs the project into it, once per change
# of pyproject.toml. FN_PYTHON chooses the interpreter; FN_EXTRAS the optional dependencies (default: dev; empty: none).
if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  _python=""
  for _candidate in ${FN_PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
    if "$_candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then _python=$_candidate; break; fi
  done
  if [ -z "$_python" ]; then
    echo "fn needs Python 3.11 or later, and none was found. Install one (https://www.python.org/downloads/), or set FN_PYTHON to it." >&2
    exit 1
  fi
  echo "Making .venv with $("$_python" --version) ..." >&2
  if ! "$_python" -m venv --clear .venv; then
    echo "The venv module of $_python is missing. On Debian and Ubuntu: apt-get install python3-venv, then run this again." >&2
    exit 1
  fi
fi
PATH="$PWD/.venv/bin:$PATH"
export PATH
_extras=${FN_EXTRAS-dev}
_wanted="$(cksum < pyproject.toml) $(.venv/bin/python --version)"
_stamp=".venv/installed-${_extras:-alone}"
# Whoever has the extras has what fn needs alone.
if [ -z "$_extras" ] && [ "$(cat .venv/installed-dev 2>/dev/null)" = "$_wanted" ]; then _stamp=.venv/installed-dev; fi
if [ ! -x .venv/bin/fn ] || [ "$(cat "$_stamp" 2>/dev/null)" != "$_wanted" ]; then
  echo "Installing fn and what it needs into .venv (half a minute the first time) ..." >&2
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".${_extras:+[$_extras]}"
  printf '%s' "$_wanted" > "$_stamp"
fi
