-- Where the state of a snapshot may be cut, so that a gateway can open it piece by piece (rooms/parts.py).

ALTER TABLE documents ADD COLUMN parts bytea NOT NULL DEFAULT '';  -- of exactly this state; empty: in one piece
