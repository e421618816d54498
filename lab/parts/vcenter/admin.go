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

// serveAdmin answers the lab until ctx ends: GET /healthz, PUT /delays, POST, GET and DELETE /faults, GET /inventory.
func serveAdmin(ctx context.Context, address, token string, vcenter *url.URL, service *simulator.Service, tempo *pace) error {
	if token == "" {
		return errors.New("LAB_ADMIN_TOKEN is not set")
	}
	var mutex sync.Mutex
	standing := []fault{}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, "ok", nil) })
	routes.HandleFunc("PUT /delays", func(w http.ResponseWriter, r *http.Request) {
		var wanted delays
		err := json.NewDecoder(r.Body).Decode(&wanted)
		if err == nil {
			tempo.set(wanted.Seconds, wanted.Seed)
		}
		answer(w, wanted, err)
	})
	routes.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		var wanted fault
		rule, err := wanted.rule(json.NewDecoder(r.Body))
		if err == nil {
			mutex.Lock()
			standing = append(standing, wanted)
			mutex.Unlock()
			service.AddFaultRule(rule)
		}
		answer(w, wanted, err)
	})
	routes.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		answer(w, map[string]any{"faults": standing, "injected": service.GetFaultStats()["total_injections"]}, nil)
	})
	routes.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		standing = []fault{}
		service.ClearFaultRules()
		answer(w, standing, nil)
	})
	routes.HandleFunc("GET /inventory", func(w http.ResponseWriter, r *http.Request) {
		found, err := snapshot(r.Context(), vcenter)
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
