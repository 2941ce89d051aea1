package nsview

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/nslaunch/nslaunch/internal/nslist"
)

// object is a namespace in JSON: its columns as keys, in their order.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON implements [json.Marshaler].
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, m := range o {
		b.WriteByte("{,"[min(i, 1)])
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Document is what JSON says of the namespaces, with the keys of lsns(8) where that has them.
type Document struct {
	Namespaces []object `json:"namespaces"`
	Hidden     int      `json:"hidden"` // processes whose namespaces the caller may not see
}

// JSON returns what is encoded as JSON.
func JSON(all []*nslist.Namespace, columns []Column, s Sandboxes, hidden int) Document {
	d := Document{Namespaces: []object{}, Hidden: hidden}
	for _, n := range all {
		var o object
		for _, c := range columns {
			o = append(o, member{strings.ToLower(c.Name), c.value(n, s)})
		}
		d.Namespaces = append(d.Namespaces, o)
	}
	return d
}
