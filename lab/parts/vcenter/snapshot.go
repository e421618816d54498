package main

import (
	"context"
	"net/url"
	"sort"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// contents is everything that a migration could leave behind, without moments in time, so that two can be compared.
type contents struct {
	Objects    []entity   `json:"objects"`
	Categories []category `json:"categories"`
}

type entity struct {
	Path         string   `json:"path"`
	Type         string   `json:"type"`
	Reference    string   `json:"reference"`
	Tags         []string `json:"tags"` // category/tag
	Power        string   `json:"power,omitempty"`
	Template     bool     `json:"template,omitempty"`
	UUID         string   `json:"uuid,omitempty"`
	InstanceUUID string   `json:"instance_uuid,omitempty"`
}

type category struct {
	Name            string   `json:"name"`
	Cardinality     string   `json:"cardinality"`
	AssociableTypes []string `json:"associable_types"`
	Tags            []string `json:"tags"`
}

// snapshot reads the whole inventory through the same doors that everybody uses.
func snapshot(ctx context.Context, vcenter *url.URL) (*contents, error) {
	client, err := govmomi.NewClient(ctx, vcenter, true) // we are the server: see tag
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Logout(ctx) }()
	session := rest.NewClient(client.Client)
	if err := session.Login(ctx, vcenter.User); err != nil {
		return nil, err
	}
	defer func() { _ = session.Logout(ctx) }()
	found := &contents{Objects: []entity{}, Categories: []category{}}
	tagged, err := found.readTags(ctx, tags.NewManager(session))
	if err != nil {
		return nil, err
	}
	return found, found.readObjects(ctx, client, tagged)
}

func (c *contents) readTags(ctx context.Context, manager *tags.Manager) (map[types.ManagedObjectReference][]string, error) {
	tagged := map[types.ManagedObjectReference][]string{}
	known, err := manager.GetCategories(ctx)
	if err != nil {
		return nil, err
	}
	for _, each := range known {
		kinds := append([]string{}, each.AssociableTypes...)
		sort.Strings(kinds)
		read := category{Name: each.Name, Cardinality: each.Cardinality, AssociableTypes: kinds, Tags: []string{}}
		inside, err := manager.GetTagsForCategory(ctx, each.ID)
		if err != nil {
			return nil, err
		}
		for _, tag := range inside {
			read.Tags = append(read.Tags, tag.Name)
			attached, err := manager.ListAttachedObjects(ctx, tag.ID)
			if err != nil {
				return nil, err
			}
			for _, to := range attached {
				tagged[to.Reference()] = append(tagged[to.Reference()], each.Name+"/"+tag.Name)
			}
		}
		sort.Strings(read.Tags)
		c.Categories = append(c.Categories, read)
	}
	sort.Slice(c.Categories, func(i, j int) bool { return c.Categories[i].Name < c.Categories[j].Name })
	return tagged, nil
}

func (c *contents) readObjects(ctx context.Context, client *govmomi.Client, tagged map[types.ManagedObjectReference][]string) error {
	parents, machines, err := everything(ctx, client)
	if err != nil {
		return err
	}
	root := client.ServiceContent.RootFolder
	for _, each := range parents {
		if each.Self == root {
			continue
		}
		read := entity{Path: path(each, parents, root), Type: each.Self.Type, Reference: each.Self.Value}
		read.Tags = append([]string{}, tagged[each.Self]...)
		sort.Strings(read.Tags)
		if vm, ok := machines[each.Self]; ok && vm.Config != nil {
			read.Power, read.Template = string(vm.Runtime.PowerState), vm.Config.Template
			read.UUID, read.InstanceUUID = vm.Config.Uuid, vm.Config.InstanceUuid
		}
		c.Objects = append(c.Objects, read)
	}
	sort.Slice(c.Objects, func(i, j int) bool { return c.Objects[i].Path < c.Objects[j].Path })
	return nil
}

func everything(ctx context.Context, client *govmomi.Client) (map[types.ManagedObjectReference]mo.ManagedEntity, map[types.ManagedObjectReference]mo.VirtualMachine, error) {
	root := client.ServiceContent.RootFolder
	all, err := view.NewManager(client.Client).CreateContainerView(ctx, root, []string{"ManagedEntity"}, true)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = all.Destroy(ctx) }()
	var entities []mo.ManagedEntity
	if err := all.Retrieve(ctx, []string{"ManagedEntity"}, []string{"name", "parent"}, &entities); err != nil {
		return nil, nil, err
	}
	var networks []mo.Network // the simulator keeps their name where a ManagedEntity's is not
	if err := all.Retrieve(ctx, []string{"Network"}, []string{"name", "parent"}, &networks); err != nil {
		return nil, nil, err
	}
	var vms []mo.VirtualMachine
	if err := all.Retrieve(ctx, []string{"VirtualMachine"}, []string{"config.uuid", "config.instanceUuid", "config.template", "runtime.powerState"}, &vms); err != nil {
		return nil, nil, err
	}
	byReference, machines := map[types.ManagedObjectReference]mo.ManagedEntity{}, map[types.ManagedObjectReference]mo.VirtualMachine{}
	for _, each := range entities {
		byReference[each.Self] = each
	}
	for _, each := range networks {
		known := byReference[each.Self]
		known.Name = each.Name
		byReference[each.Self] = known
	}
	for _, each := range vms {
		machines[each.Self] = each
	}
	return byReference, machines, nil
}

func path(of mo.ManagedEntity, among map[types.ManagedObjectReference]mo.ManagedEntity, root types.ManagedObjectReference) string {
	name := "/" + of.Name
	for of.Parent != nil && *of.Parent != root {
		parent, known := among[*of.Parent]
		if !known {
			break
		}
		of, name = parent, "/"+parent.Name+name
	}
	return name
}
