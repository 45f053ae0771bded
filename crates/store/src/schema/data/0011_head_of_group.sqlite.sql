-- Whether a group may be removed is asked of its conversations: few are for one.
CREATE INDEX head_of_group ON head (organisation_id, group_number) WHERE group_number IS NOT NULL;
