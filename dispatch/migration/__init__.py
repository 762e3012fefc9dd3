"""The versions of dispatch's own tables; `journal.upgrade` runs them after the journal's."""
