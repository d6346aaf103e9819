"""A small JSON API without a phone: notes in a database, a report in storage, a page in public/.

A public function answers requests whose path ends with its name: /notes, /api/v2/notes, ... all reach `notes`.
"""

import asyncio
import sqlite3
from contextlib import closing

from devserver.runtime import FunctionContext

# Handlers named here ask for the project's API key and secret by Basic auth, once those are set.
auth = ["report"]


def notes(context: FunctionContext, request):
    """GET /notes lists the notes, POST /notes with {"text": "..."} adds one.

    A plain `def` runs in a thread of its own: the right place for a library that blocks, such as sqlite3.
    """
    with closing(_database(context)) as database:
        if request.method == "GET":
            rows = database.execute("SELECT id, text FROM notes ORDER BY id DESC").fetchall()
            return {"notes": [{"id": number, "text": text} for number, text in rows]}
        if request.method == "POST":
            return _add(context, database, request.body)
    return {"statusCode": 405, "headers": {"Allow": "GET, POST"}, "body": {"error": "Use GET or POST."}}


async def report(context: FunctionContext, request):
    """POST /report writes a report into storage, GET /report gives the last one back."""
    if request.method == "POST":
        template = await context.assets("report.txt")
        # In an `async def` nothing may block: other requests would wait for it. So this goes to a thread.
        count, newest = await asyncio.to_thread(_summary, context)
        await context.storage.write("reports/latest.txt", template.format(count=count, newest=newest))
        return {"statusCode": 201, "body": {"written": "reports/latest.txt"}}
    if not await context.storage.exists("reports/latest.txt"):
        return {"statusCode": 404, "body": {"error": "There is no report yet. POST /report writes one."}}
    content = await context.storage.read("reports/latest.txt")
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain; charset=utf-8"}, "body": content}


# Names that start with an underscore are no handlers: nobody can call them from outside.
def _add(context, database, body):
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text.strip():
        return {"statusCode": 400, "body": {"error": 'Send {"text": "..."} as JSON.'}}
    (count,) = database.execute("SELECT count(*) FROM notes").fetchone()
    if count >= int(context.config.get_variable("MAX_NOTES", "100")):
        return {"statusCode": 409, "body": {"error": "The notebook is full."}}
    with database:  # commits
        number = database.execute("INSERT INTO notes (text) VALUES (?)", (text.strip(),)).lastrowid
    context.log.info("note added", id=number)
    return {"statusCode": 201, "body": {"id": number, "text": text.strip()}}


def _summary(context):
    with closing(_database(context)) as database:
        rows = database.execute("SELECT text FROM notes ORDER BY id DESC").fetchall()
    return len(rows), rows[0][0] if rows else "none yet"


def _database(context):
    database = sqlite3.connect(context.database)
    database.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    return database
