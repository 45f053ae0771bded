-- For what is recorded about somebody: what they did, what was done to them, and who looked at everybody.
CREATE INDEX audit_entry_by_actor ON audit_entry (organisation_id, actor, number) WHERE actor IS NOT NULL;
CREATE INDEX audit_entry_by_subject ON audit_entry (organisation_id, subject, number) WHERE subject IS NOT NULL;
CREATE INDEX audit_entry_by_kind ON audit_entry (organisation_id, kind, subject, number);
