package main

import (
	"context"
	"log/slog"
	"time"
)

// prune removes what the account database need not keep any longer: at the start and once a day.
func prune(ctx context.Context, st *stores, retention, sessions time.Duration, log *slog.Logger) {
	tick := time.NewTicker(24 * time.Hour)
	defer tick.Stop()
	for {
		if err := st.accounts.Prune(ctx, retention, sessions); err != nil && ctx.Err() == nil {
			log.Warn("database not pruned", "cause", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
