package account

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/test/harness"
)

// contract is what every database must keep; TestContract runs it on each.
var contract = []struct {
	name string
	run  func(*testing.T, *world)
}{
	{"MeetFindsOrMakes", meetFindsOrMakes},
	{"MeetAtOnceMakesOne", meetAtOnceMakesOne},
	{"TestS16_NamesCompareAsBytes", namesCompareAsBytes},
	{"TestS16_Conflicts", conflicts},
	{"TestS16_SpellingsAreRemembered", spellingsAreRemembered},
	{"TestS16_RekeySettles", rekeySettles},
	{"RekeyTwice", rekeyTwice},
	{"ExportAndImport", exportAndImport},
	{"ImportTwiceAtOnce", importTwiceAtOnce},
	{"ExportLeavesNothingOut", exportLeavesNothingOut},
	{"ExportRefusesTampered", exportRefusesTampered},
	{"ImportRefuses", importRefuses},
	{"ImportOfARemovedKey", importOfARemovedKey},
	{"RekeyRefusesTampered", rekeyRefusesTampered},
	{"DeleteForgets", deleteForgets},
	{"RenamePins", renamePins},
	{"TestS18_TicketDemanded", ticketDemanded},
	{"TestS18_ResetNeedsATicket", resetNeedsATicket},
	{"TestS18_TicketsEnd", ticketsEnd},
	{"TestS18_OneTicketOneEnrolment", oneTicketOneEnrolment},
	{"TestS18_TicketsAreBound", ticketsAreBound},
	{"TestS18_TicketOf72Hours", ticketOf72Hours},
	{"MigrationsBringForward", migrationsBringForward},
	{"TestS19_AbsenceIsNotNone", absenceIsNotNone},
	{"TestS19_CopiedRecoveryCodes", copiedRecoveryCodes},
	{"TestS19_WrongCountIsNotHealed", wrongCountIsNotHealed},
	{"TestS19_ResetIsNotNone", resetIsNotNone},
	{"TestS20_StepIsSpentOnce", stepIsSpentOnce},
	{"TestS20_SpentOutlivesTheFactor", spentOutlivesTheFactor},
	{"TestS21_FiftyUsesOfOneCode", fiftyUsesOfOneCode},
	{"TestS21_FiftyUsesOfOneRecoveryCode", fiftyUsesOfOneRecoveryCode},
	{"TestS21_TwoProcesses", twoProcesses},
	{"TestS22_ParallelGuesses", parallelGuesses},
	{"TestS22_RefusedWritesNothing", refusedWritesNothing},
	{"TestS24_EndsTheOthers", endsTheOthers},
	{"TestS25_RefusedAndCounted", refusedAndCounted},
	{"TestS26_ExactlyThatSecret", exactlyThatSecret},
	{"TestS32_OneFormTwiceAtOnce", oneFormTwiceAtOnce},
	{"TestS32_OneRecoveryFormTwiceAtOnce", oneRecoveryFormTwiceAtOnce},
	{"TestS32_LostToItself", lostToItself},
	{"TestS32_WonIsOfItsOwnChallenge", wonIsOfItsOwnChallenge},
	{"TestS32_WonRecovery", wonRecovery},
	{"WonTakesNoSlot", wonTakesNoSlot},
	{"WonEnds", wonEnds},
	{"WonAndRefunds", wonAndRefunds},
	{"WonWhenClosed", wonWhenClosed},
	{"ChangedMeanwhile", changedMeanwhile},
	{"BudgetOfADay", budgetOfADay},
	{"ChallengeSlots", challengeSlots},
	{"RefundOfOwnFailures", refundOfOwnFailures},
	{"Unlock", unlock},
	{"UnlockInEveryPool", unlockInEveryPool},
	{"TestS23_Notices", notices},
	{"TestS23_NoticesAtOnce", noticesAtOnce},
	{"TestS44_Recognised", recognised},
	{"TestS44_Void", browsersVoid},
	{"TestS44_Bound", browsersBound},
	{"TestS44_PlantedToken", plantedToken},
	{"TestS44_NotWithoutAFactor", notWithoutAFactor},
	{"BrowsersOfAnAccount", browsersOfAnAccount},
	{"BrowsersAreForgotten", browsersAreForgotten},
	{"Whose", whose},
	{"EnableIsLimited", enableIsLimited},
	{"RecoveryCodes", recoveryCodes},
	{"RecoveryWhenClosed", recoveryWhenClosed},
	{"TestS23_RecoveryIsNotCrowdedOut", recoveryIsNotCrowdedOut},
	{"TestS19_Exchanged", exchanged},
	{"PruneOfMany", pruneOfMany},
	{"MigrationsAreNotCutOff", migrationsAreNotCutOff},
	{"TestS33_Revocations", revocations},
	{"TestS33_RevocationsAge", revocationsAge},
	{"TestS33_RevocationsAtOnce", revocationsAtOnce},
	{"AuditChain", auditChain},
	{"AuditFloods", auditFloods},
	{"AuditRetention", auditRetention},
	{"AuditHeads", auditHeads},
	{"CreateAndOpen", createAndOpen},
	{"InspectChangesNothing", inspectChangesNothing},
	{"TestS19_MissingRowsShow", missingRowsShow},
	{"Refused", refused},
	{"Counting", counting},
	{"Listing", listing},
	{"TestS19_ListOfTampered", listOfTampered},
}

func TestContract(t *testing.T) {
	kinds := []struct {
		name  string
		start func(*testing.T) func(*testing.T) string // makes the URLs of empty databases
	}{
		{"memory", func(*testing.T) func(*testing.T) string { return func(*testing.T) string { return "sqlite::memory:" } }},
		{"sqlite", func(*testing.T) func(*testing.T) string { return sqliteURL }},
		{"mariadb", func(t *testing.T) func(*testing.T) string { return serverURL(harness.MariaDB(t)) }},
		{"postgres", func(t *testing.T) func(*testing.T) string { return serverURL(harness.PostgreSQL(t)) }},
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			fresh := k.start(t)
			for _, c := range contract {
				t.Run(c.name, func(t *testing.T) { c.run(t, newWorld(t, fresh(t))) })
			}
		})
	}
}

func serverURL(s *harness.SQLServer) func(*testing.T) string {
	return func(t *testing.T) string { return s.Database(t) }
}

func sqliteURL(t *testing.T) string {
	return "sqlite://" + filepath.Join(t.TempDir(), "data", "ispgate.db")
}

// world is one installation with a clock that tests turn.
type world struct {
	*Store
	opt      Options
	clock    *clock
	log      *logBuffer
	compares atomic.Int64
}

type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t testing.TB, url string) *world {
	t.Helper()
	ring, err := keyring.New()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: &clock{}, log: &logBuffer{}}
	w.clock.ms.Store(time.Date(2026, 3, 1, 12, 0, 7, 0, time.UTC).UnixMilli())
	w.opt = Options{URL: url, Ring: ring, Panel: "default", Fingerprint: "panel default id", Skew: 1,
		Log: slog.New(slog.NewJSONHandler(w.log, nil)), Now: w.clock.now}
	if !strings.HasSuffix(url, ":memory:") {
		if err := Create(t.Context(), w.opt); err != nil {
			t.Fatal(err)
		}
	}
	w.Store = w.open(t)
	w.Store.compared = func() { w.compares.Add(1) }
	return w
}

func (w *world) inMemory() bool { return strings.HasSuffix(w.opt.URL, ":memory:") }

// open is another node on the same database.
func (w *world) open(t testing.TB) *Store {
	t.Helper()
	s, err := Open(t.Context(), w.opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// node is another node, whose comparisons count with this one's; a database in memory has one alone.
func (w *world) node(t testing.TB) *Store {
	t.Helper()
	if w.inMemory() {
		return w.Store
	}
	s := w.open(t)
	s.compared = w.Store.compared
	return s
}

func (w *world) sql(t testing.TB, text string, args ...any) int64 {
	t.Helper()
	n, err := w.db.queries().exec(context.Background(), text, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) meet(t testing.TB, name string) Account {
	t.Helper()
	a, err := w.Meet(t.Context(), Identity{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// person is an account with an active factor.
type person struct {
	Account
	secret Secret
	codes  []string
}

// enabled meets name and turns the factor on; the clock then moves on so that the code's step is past.
func (w *world) enabled(t testing.TB, name string) person {
	t.Helper()
	a := w.meet(t, name)
	p := person{secret: w.secret(t)}
	codes, res, err := w.Enable(t.Context(), Try{Account: a.ID, Challenge: "enrolment of " + name, Code: w.code(t, p.secret)}, p.secret)
	if err != nil || !res.OK {
		t.Fatal("enable:", res, err)
	}
	p.codes, p.Account = codes, w.get(t, a.ID)
	w.clock.advance(time.Minute)
	return p
}

func (w *world) secret(t testing.TB) Secret {
	t.Helper()
	s, err := NewSecret()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) get(t testing.TB, id string) Account {
	t.Helper()
	a, err := w.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) code(t testing.TB, s Secret) string {
	t.Helper()
	code, ok := s.codeAt(stepAt(w.clock.now()))
	if !ok {
		t.Fatal("no code")
	}
	return code
}

// wrong is a code of six digits that fits no step of now±2.
func (w *world) wrong(t testing.TB, s Secret) string {
	t.Helper()
	for _, code := range []string{"000000", "111111", "222222"} {
		if _, ok := s.matchStep(code, w.clock.now(), 2); !ok {
			return code
		}
	}
	t.Fatal("all of three codes are right")
	return ""
}

func (w *world) challenge(t testing.TB, account, id string, pool Pool) Result {
	t.Helper()
	res, err := w.Challenge(t.Context(), account, id, pool)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func (w *world) verify(t testing.TB, account, id string, pool Pool, code string) Result {
	t.Helper()
	res, err := w.Verify(t.Context(), Try{Account: account, Pool: pool, Challenge: id, Code: code})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func (w *world) recover(t testing.TB, account, id, code string) Result {
	t.Helper()
	res, err := w.Recover(t.Context(), Try{Account: account, Pool: Unknown, Challenge: id, Code: code})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// login is a right password and a right code.
func (w *world) login(t testing.TB, p person, id string) Result {
	t.Helper()
	if res := w.challenge(t, p.ID, id, Unknown); !res.OK {
		return res
	}
	return w.verify(t, p.ID, id, Unknown, w.code(t, p.secret))
}

// addBrowser enters a code of p in the browser that holds token, and returns what it holds then.
func (w *world) addBrowser(t testing.TB, p person, token string, trust time.Duration) (id, now string) {
	t.Helper()
	id, now, err := w.AddBrowser(t.Context(), p.ID, token, Sight{"192.0.2.1", "Firefox"}, trust)
	if err != nil {
		t.Fatal(err)
	}
	return id, now
}

func (w *world) recognise(t testing.TB, account, token string) Browser {
	t.Helper()
	b, err := w.Recognise(t.Context(), account, token)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}
