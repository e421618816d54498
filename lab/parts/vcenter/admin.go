package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// fault makes calls fail. Times 0 means until cleared; Skip lets that many through first.
type fault struct {
	Method     string  `json:"method"`      // SOAP method, such as CloneVM_Task
	ObjectType string  `json:"object_type"` // managed object type; empty: any
	ObjectName string  `json:"object_name"` // empty: any
	Fault      string  `json:"fault"`       // fault type of the vSphere API, such as NoPermission
	Message    string  `json:"message"`
	Times      int     `json:"times"`
	Skip       int     `json:"skip"`
	Delay      float64 `json:"delay"` // seconds before the answer
}

type delays struct {
	Seconds map[string]float64 `json:"seconds"`
	Seed    *uint64            `json:"seed"`
}

// admin is what the lab may do with its vCenter beyond what a vCenter's user may.
type admin struct {
	vcenter  *url.URL
	service  *simulator.Service
	tempo    *pace
	wire     *wire
	mutex    sync.Mutex
	standing []fault
}

// serve answers the lab until ctx ends.
func (a *admin) serve(ctx context.Context, address, token string) error {
	if token == "" {
		return errors.New("LAB_ADMIN_TOKEN is not set")
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, "ok", nil) })
	routes.HandleFunc("PUT /delays", a.putDelays)
	routes.HandleFunc("POST /faults", a.postFault)
	routes.HandleFunc("GET /faults", a.getFaults)
	routes.HandleFunc("DELETE /faults", a.deleteFaults)
	routes.HandleFunc("PUT /wire", a.putWire)
	routes.HandleFunc("GET /wire", func(w http.ResponseWriter, _ *http.Request) { answer(w, a.wire.get(), nil) })
	routes.HandleFunc("GET /inventory", func(w http.ResponseWriter, r *http.Request) {
		found, err := snapshot(r.Context(), a.vcenter)
		answer(w, found, err)
	})
	server := &http.Server{Addr: address, Handler: guarded(token, routes), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (a *admin) putDelays(w http.ResponseWriter, r *http.Request) {
	var wanted delays
	err := json.NewDecoder(r.Body).Decode(&wanted)
	if err == nil {
		a.tempo.set(wanted.Seconds, wanted.Seed)
	}
	answer(w, wanted, err)
}

func (a *admin) postFault(w http.ResponseWriter, r *http.Request) {
	var wanted fault
	rule, err := wanted.rule(json.NewDecoder(r.Body))
	if err == nil {
		a.mutex.Lock()
		defer a.mutex.Unlock()
		a.standing = append(a.standing, wanted)
		a.service.AddFaultRule(rule)
	}
	answer(w, wanted, err)
}

func (a *admin) getFaults(w http.ResponseWriter, _ *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	answer(w, map[string]any{"faults": a.standing, "injected": a.service.GetFaultStats()["total_injections"]}, nil)
}

func (a *admin) deleteFaults(w http.ResponseWriter, _ *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.standing = []fault{}
	a.service.ClearFaultRules()
	answer(w, a.standing, nil)
}

func (a *admin) putWire(w http.ResponseWriter, r *http.Request) {
	var wanted wireState
	err := json.NewDecoder(r.Body).Decode(&wanted)
	if err == nil {
		a.wire.set(wanted)
	}
	answer(w, a.wire.get(), err)
}

func guarded(token string, inner http.Handler) http.Handler {
	expected := []byte("Bearer " + token)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), expected) != 1 {
			http.Error(w, "the lab's token is missing or wrong", http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func (f *fault) rule(from *json.Decoder) (*simulator.FaultInjectionRule, error) {
	if err := from.Decode(f); err != nil {
		return nil, err
	}
	kind, known := types.TypeFunc()(f.Fault)
	if !known {
		return nil, fmt.Errorf("the vSphere API has no fault %q", f.Fault)
	}
	thrown, ok := reflect.New(kind).Interface().(types.BaseMethodFault)
	if !ok {
		return nil, fmt.Errorf("%s is not a fault of a method", f.Fault)
	}
	return &simulator.FaultInjectionRule{
		MethodName: orAny(f.Method), ObjectType: orAny(f.ObjectType), ObjectName: orAny(f.ObjectName),
		FaultType: simulator.FaultTypeCustom, Fault: thrown, Message: f.Message, Probability: 1,
		MaxCount: f.Times, SkipCount: f.Skip, Delay: int(f.Delay * 1000), Enabled: true,
	}, nil
}

func orAny(value string) string {
	if value == "" {
		return "*"
	}
	return value
}
