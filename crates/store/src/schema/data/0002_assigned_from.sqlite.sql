-- Who had a conversation before its assignee: a node that finds a change by sweeping has to tell that operator too.
ALTER TABLE conversation ADD COLUMN assigned_from INTEGER REFERENCES operator;
