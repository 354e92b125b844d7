"""The queue of jobs for several machines: procrastinate, a task queue on PostgreSQL.

The queue decides where and when a job runs. Who may send its rows is decided by the job's lease in
the database (`state/lease.py`), so a job that the queue gives to two machines is safe.
"""
