"""What Alembic runs: the versions, on the connection and in the transaction that `upgrade` has opened."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=True)
context.run_migrations()
