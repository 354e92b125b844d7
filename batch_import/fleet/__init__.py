"""The queue of jobs for several machines: procrastinate, a task queue on PostgreSQL.

A *job* is one manifest that is imported into one account. The queue decides where and when a job
runs. It does not decide who may send the job's rows: only the process that has the job's lease in
the database (`state/lease.py`) may. Therefore no row is sent twice if the queue gives a job to two
machines.
"""
