"""The commands: their names under headings, and what each does."""

from typing import Final

COMMANDS: Final = {
    "Import": {
        "check": "Validate a manifest; nothing is sent.",
        "plan": "Forecast a run, and rehearse it; nothing is sent.",
        "run": "Import a manifest, or continue an import.",
        "retry": "Send failed rows again, then continue as run does.",
    },
    "Follow": {
        "status": "Show how far a job is, and what is wrong; or the history of one row.",
        "jobs": "List all jobs of a folder.",
    },
    "Results": {
        "report": "Write the results again from the state.",
        "merge": "Write one delivery of several jobs, each video once.",
        "verify": "Compare each row with what the account really has.",
    },
    "Set up": {
        "configure": "Ask for credentials and columns, test both, and write batch-import.yaml.",
        "doctor": "Check this machine, the network and the credentials; say what to do.",
        "account": "Test the credentials.",
        "config": "Show the value of every option, and where it comes from.",
        "completion": "Print a script that completes commands, options and files in a shell.",
    },
    "Try": {
        "demo": "Import a sample manifest into the embedded platform.",
        "sandbox": "Run the embedded platform until Ctrl-C.",
    },
}
#: What each command does, by its name.
HELP: Final = {name: text for group in COMMANDS.values() for name, text in group.items()}
