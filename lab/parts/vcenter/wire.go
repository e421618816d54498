package main

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// wire is what can go wrong between a client and a vCenter that is well: no answer at all, or an answer that is lost
// although the request was carried out. Both look the same to the client, which is the point.
type wire struct {
	mutex sync.Mutex
	state wireState
}

type wireState struct {
	Away bool       `json:"away"` // every connection breaks
	Lose []lostKind `json:"lose"`
}

type lostKind struct {
	Request string `json:"request"` // SOAP method, or how "POST /rest/…" begins
	Times   int    `json:"times"`   // answers still to be lost
}

var soapMethod = regexp.MustCompile(`<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)`)

func (w *wire) set(state wireState) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.state = state
}

func (w *wire) get() wireState {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return wireState{Away: w.state.Away, Lose: append([]lostKind{}, w.state.Lose...)}
}

// between puts the wire before a server.
func (w *wire) between(server http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if w.get().Away {
			panic(http.ErrAbortHandler)
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		if w.loses(request, body) {
			server.ServeHTTP(nowhere{}, request)
			panic(http.ErrAbortHandler)
		}
		server.ServeHTTP(answer, request)
	})
}

func (w *wire) loses(request *http.Request, body []byte) bool {
	name := request.Method + " " + request.URL.Path
	if found := soapMethod.FindSubmatch(body); found != nil {
		name = string(found[1])
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for index := range w.state.Lose {
		each := &w.state.Lose[index]
		if each.Times > 0 && strings.HasPrefix(name, each.Request) {
			each.Times--
			return true
		}
	}
	return false
}

// nowhere takes an answer that nobody will read.
type nowhere map[string][]string

func (n nowhere) Header() http.Header { return http.Header(n) }

func (n nowhere) Write(text []byte) (int, error) { return len(text), nil }

func (n nowhere) WriteHeader(int) {}
