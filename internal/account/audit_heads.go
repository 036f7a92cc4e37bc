package account

import "bytes"

// Head is a row that was the last of its chain when the log named it ("audit head").
type Head struct {
	Chain string
	Seq   int64
	MAC   []byte
}

type rowKey struct {
	chain string
	seq   int64
}

// namedRows are the MACs of the rows that heads name, as they are in the database; nil: not seen.
type namedRows map[rowKey][]byte

func rowsOf(heads []Head) namedRows {
	rows := namedRows{}
	for _, h := range heads {
		rows[rowKey{h.Chain, h.Seq}] = nil
	}
	return rows
}

func (n namedRows) saw(e Entry) {
	key := rowKey{e.Chain, e.Seq}
	if _, named := n[key]; named {
		n[key] = e.mac
	}
}

// compare finds the heads whose row is gone or another one. A checkpoint of ours stands for the rows up to its own.
func (n namedRows) compare(out *Trail, heads []Head, checkpoints map[string]Entry) {
	for _, h := range heads {
		mac, cut := n[rowKey{h.Chain, h.Seq}], checkpoints[h.Chain]
		if cut.Seq == h.Seq {
			mac = cut.mac
		}
		what := ""
		switch {
		case mac == nil && cut.Seq < h.Seq:
			what = cutRows
		case mac != nil && !bytes.Equal(mac, h.MAC):
			what = otherRow
		}
		if what != "" && !out.broken(h.Chain) {
			out.Breaks = append(out.Breaks, Break{h.Chain, h.Seq, what})
		}
	}
}
