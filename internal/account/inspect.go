package account

import (
	"context"
	"errors"
)

// Inspect finds what Open would find, with the same errors, and whether every account verifies: ErrTampered else, since logins
// would be refused. It changes nothing: not even the schema, on which a gateway of an older version may be running. Of a
// database in memory there is nothing to find.
func Inspect(ctx context.Context, opt Options) error {
	if err := opt.check(); err != nil {
		return err
	}
	k, at, err := parseURL(opt.URL)
	if err != nil || k.standalone(at) {
		return err
	}
	db, err := dial(ctx, opt.URL)
	if err != nil {
		return err
	}
	looking := db
	looking.write = db.read // of SQLite, connections that refuse to write
	s := newStore(opt, looking)
	err = s.recognise(ctx)
	if err == nil {
		err = s.checkFingerprint(ctx, s.db.queries())
	}
	if err == nil {
		_, err = s.List(ctx)
	}
	return errors.Join(err, db.close())
}
