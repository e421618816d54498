// The lab's vCenter: govmomi's simulator, with an inventory of the lab's own and the gaps closed that matter here.
//
// A program of our own instead of the stock vcsim, since that one names its inventory itself, loses a template's disk
// when a clone of it is destroyed, and cannot be asked to be slow or to fail.
//
// Passwords come by environment (LAB_VCENTER_PASSWORD, LAB_ADMIN_TOKEN), never by argument: arguments are public.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/google/uuid"
	_ "github.com/vmware/govmomi/cns/simulator"
	_ "github.com/vmware/govmomi/pbm/simulator"
	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/sts/simulator"
	_ "github.com/vmware/govmomi/vapi/cluster/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
	_ "github.com/vmware/govmomi/vslm/simulator"
)

func main() {
	listen := flag.String("listen", "", "address and port of the vCenter API")
	adminAddress := flag.String("admin", "", "address and port of the lab's own endpoint")
	inventory := flag.String("inventory", "", "JSON file that says what the vCenter holds")
	certificate := flag.String("certificate", "", "PEM file")
	key := flag.String("key", "", "PEM file")
	data := flag.String("data", "", "directory for the datastores")
	flag.Parse()
	if err := run(*listen, *adminAddress, *inventory, *certificate, *key, *data); err != nil {
		log.Fatal(err)
	}
}

func run(listen, adminAddress, inventory, certificate, key, data string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	wanted, err := read(inventory)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}

	model := simulator.VPX()
	model.Datacenter = 0
	// vcsim derives it from the host's MAC address; two vCenters of one lab must not pass for one under two names.
	model.ServiceContent.About.InstanceUuid = uuid.NewString()
	if err := model.Create(); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	defer model.Remove()
	service := model.Service
	service.RegisterEndpoints = true
	service.Listen = &url.URL{Host: listen, User: url.UserPassword(wanted.Username, os.Getenv("LAB_VCENTER_PASSWORD"))}
	service.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}

	places, err := wanted.build(ctx, service, data)
	if err != nil {
		return err
	}
	tempo, cable := &pace{}, &wire{}
	closeGaps(model.Map(), wanted.Subnet, tempo)
	server := service.NewServer()
	defer server.Close()
	server.Config.Handler = cable.between(server.Config.Handler) // nobody knows of this server yet
	if err := wanted.tag(ctx, server.URL, places); err != nil {
		return err
	}
	lab := &admin{vcenter: server.URL, service: service, tempo: tempo, wire: cable, standing: []fault{}}
	return lab.serve(ctx, adminAddress, os.Getenv("LAB_ADMIN_TOKEN"))
}
