"""The names of all commands, under the headings of the help, with one sentence for each."""

from typing import Final

COMMANDS: Final = {
    "Import": {
        "manifest": "Write a manifest of the videos in a folder, a feed or another source.",
        "check": "Validate a manifest; nothing is sent.",
        "plan": "Forecast a run, or rehearse it with --rehearse; nothing is sent.",
        "run": "Import a manifest, or continue an import.",
        "retry": "Send failed rows again, then continue as run does.",
    },
    "Several accounts": {
        "submit": "Check a manifest, and put its import into the queue of a database.",
        "worker": "Take jobs from the queue, and run each job in a separate process.",
        "pause": "Take jobs out of the queue until they are resumed.",
        "resume": "Put jobs that were paused or cancelled, or that ended, into the queue again.",
        "cancel": "Take jobs out of the queue for good.",
    },
    "Follow": {
        "status": "Show the progress and the problems of a job, or the history of one row.",
        "jobs": "List all jobs of a folder or a database.",
    },
    "Results": {
        "report": "Write the results of a job again.",
        "merge": "Write the results of several jobs together; each video is listed once.",
        "verify": "Compare each row with the media in the account.",
    },
    "Set up": {
        "configure": "Ask for credentials and columns, test both, and write batch-import.yaml.",
        "doctor": "Check this machine, the network and the credentials, and explain problems.",
        "account": "Test the credentials.",
        "config": "Show the value of every option, and where it comes from.",
        "state": "Prepare a PostgreSQL database for the states of jobs, and move jobs to it.",
        "completion": "Print a script that completes commands, options and files in a shell.",
    },
    "Try": {
        "demo": "Import a sample manifest into the sandbox, on this machine.",
        "sandbox": "Run the sandbox (a simulated Viostream) until Ctrl-C.",
    },
}
#: Command name → the sentence of the help.
HELP: Final = {name: text for group in COMMANDS.values() for name, text in group.items()}
