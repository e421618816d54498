package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// inventory is what the vCenter holds at first: one datacenter with a compute cluster for every failure domain.
type inventory struct {
	Username   string    `json:"username"`
	Datacenter string    `json:"datacenter"`
	Folder     string    `json:"folder"`    // the cluster's VM folder; empty: none yet
	Ownership  string    `json:"ownership"` // infrastructure name whose ownership category and tag exist; empty: none
	Region     string    `json:"region"`    // tag on the datacenter; empty: none
	Subnet     string    `json:"subnet"`    // first two octets of the guests' addresses
	Clusters   []cluster `json:"clusters"`
	OtherVMs   int       `json:"other_vms"` // machines of somebody else, in a folder of their own
}

type cluster struct {
	Name           string `json:"name"`
	Hosts          int    `json:"hosts"`
	Datastore      string `json:"datastore"`
	Network        string `json:"network"`
	TemplateFolder string `json:"template_folder"` // empty: directly in the datacenter's VM folder
	Template       string `json:"template"`
	Zone           string `json:"zone"` // tag on the cluster; empty: none
}

// places are the objects that get tags.
type places struct {
	datacenter types.ManagedObjectReference
	folder     *types.ManagedObjectReference
	clusters   []types.ManagedObjectReference
}

func read(file string) (*inventory, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	wanted := &inventory{}
	return wanted, json.Unmarshal(text, wanted)
}

// build makes everything but tags through the vCenter API in process, so that every object has its final name from the
// start: the simulator cannot rename a datastore.
func (i *inventory) build(ctx context.Context, service *simulator.Service, data string) (*places, error) {
	client, err := vim25.NewClient(ctx, service)
	if err != nil {
		return nil, err
	}
	datacenter, err := object.NewRootFolder(client).CreateDatacenter(ctx, i.Datacenter)
	if err != nil {
		return nil, fmt.Errorf("datacenter: %w", err)
	}
	folders, err := datacenter.Folders(ctx)
	if err != nil {
		return nil, err
	}
	made := &places{datacenter: datacenter.Reference()}
	if i.Folder != "" {
		folder, err := folders.VmFolder.CreateFolder(ctx, i.Folder)
		if err != nil {
			return nil, fmt.Errorf("folder: %w", err)
		}
		reference := folder.Reference()
		made.folder = &reference
	}
	site := &site{client: client, folders: folders, data: data}
	for _, each := range i.Clusters {
		reference, err := site.add(ctx, each)
		if err != nil {
			return nil, fmt.Errorf("cluster %s: %w", each.Name, err)
		}
		made.clusters = append(made.clusters, reference)
	}
	return made, site.crowd(ctx, i.OtherVMs)
}

// tag writes what an installer writes: region on the datacenter, zone on each cluster, ownership on the folder.
func (i *inventory) tag(ctx context.Context, server *url.URL, made *places) error {
	client, err := govmomi.NewClient(ctx, server, true) // the lab's CA is not ours to trust here: we are the server
	if err != nil {
		return err
	}
	session := rest.NewClient(client.Client)
	if err := session.Login(ctx, server.User); err != nil {
		return err
	}
	manager := tags.NewManager(session)
	topology := []string{"Datacenter", "ClusterComputeResource", "HostSystem", "Folder"}
	if i.Region != "" {
		if err := attach(ctx, manager, "openshift-region", topology, i.Region, made.datacenter); err != nil {
			return err
		}
	}
	for index, each := range i.Clusters {
		if each.Zone != "" {
			if err := attach(ctx, manager, "openshift-zone", topology, each.Zone, made.clusters[index]); err != nil {
				return err
			}
		}
	}
	if i.Ownership == "" || made.folder == nil {
		return nil
	}
	owned := []string{"VirtualMachine", "ResourcePool", "Folder", "Datastore", "StoragePod"}
	return attach(ctx, manager, "openshift-"+i.Ownership, owned, i.Ownership, *made.folder)
}

func attach(ctx context.Context, m *tags.Manager, category string, kinds []string, tag string, to types.ManagedObjectReference) error {
	known, err := m.GetCategory(ctx, category)
	if err != nil {
		wanted := &tags.Category{Name: category, Cardinality: "SINGLE", AssociableTypes: kinds}
		if wanted.ID, err = m.CreateCategory(ctx, wanted); err != nil {
			return fmt.Errorf("category %s: %w", category, err)
		}
		known = wanted
	}
	id, err := m.CreateTag(ctx, &tags.Tag{Name: tag, CategoryID: known.ID})
	if err != nil {
		return fmt.Errorf("tag %s: %w", tag, err)
	}
	return m.AttachTag(ctx, id, to)
}
