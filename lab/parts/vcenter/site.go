package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// site is a datacenter while it is being filled.
type site struct {
	client    *vim25.Client
	folders   *object.DatacenterFolders
	data      string
	template  *object.VirtualMachine
	pool      *object.ResourcePool
	dvs       *object.DistributedVirtualSwitch
	datastore types.ManagedObjectReference
}

// add makes one compute cluster with hosts, datastore, network and template.
func (s *site) add(ctx context.Context, wanted cluster) (types.ManagedObjectReference, error) {
	made, err := s.folders.HostFolder.CreateCluster(ctx, wanted.Name, types.ClusterConfigSpecEx{})
	if err != nil {
		return types.ManagedObjectReference{}, err
	}
	hosts, err := s.addHosts(ctx, made, wanted)
	if err != nil {
		return made.Reference(), err
	}
	if err := s.addDatastore(ctx, hosts, wanted.Datastore); err != nil {
		return made.Reference(), err
	}
	if s.pool, err = made.ResourcePool(ctx); err != nil {
		return made.Reference(), err
	}
	backing, err := s.addNetwork(ctx, hosts, wanted.Network)
	if err != nil {
		return made.Reference(), err
	}
	return made.Reference(), s.addTemplate(ctx, wanted, backing)
}

func (s *site) addHosts(ctx context.Context, to *object.ClusterComputeResource, wanted cluster) ([]*object.HostSystem, error) {
	var hosts []*object.HostSystem
	for number := 1; number <= wanted.Hosts; number++ {
		spec := types.HostConnectSpec{HostName: fmt.Sprintf("esx%02d.%s.lab", number, wanted.Name)}
		task, err := to.AddHost(ctx, spec, true, nil, nil)
		if err != nil {
			return nil, err
		}
		done, err := task.WaitForResult(ctx)
		if err != nil {
			return nil, fmt.Errorf("host: %w", err)
		}
		hosts = append(hosts, object.NewHostSystem(s.client, done.Result.(types.ManagedObjectReference)))
	}
	return hosts, nil
}

func (s *site) addDatastore(ctx context.Context, hosts []*object.HostSystem, name string) error {
	path := filepath.Join(s.data, name)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for _, host := range hosts {
		system, err := host.ConfigManager().DatastoreSystem(ctx)
		if err != nil {
			return err
		}
		made, err := system.CreateLocalDatastore(ctx, name, path)
		if err != nil {
			return fmt.Errorf("datastore: %w", err)
		}
		if host == hosts[0] {
			s.datastore = made.Reference()
		}
	}
	return nil
}

func (s *site) addNetwork(ctx context.Context, hosts []*object.HostSystem, name string) (types.BaseVirtualDeviceBackingInfo, error) {
	if s.dvs == nil {
		spec := types.DVSCreateSpec{ConfigSpec: &types.VMwareDVSConfigSpec{DVSConfigSpec: types.DVSConfigSpec{Name: "dvs"}}}
		task, err := s.folders.NetworkFolder.CreateDVS(ctx, spec)
		if err != nil {
			return nil, err
		}
		done, err := task.WaitForResult(ctx)
		if err != nil {
			return nil, fmt.Errorf("switch: %w", err)
		}
		s.dvs = object.NewDistributedVirtualSwitch(s.client, done.Result.(types.ManagedObjectReference))
	}
	members := &types.DVSConfigSpec{}
	for _, host := range hosts {
		members.Host = append(members.Host, types.DistributedVirtualSwitchHostMemberConfigSpec{
			Operation: string(types.ConfigSpecOperationAdd), Host: host.Reference(),
		})
	}
	task, err := s.dvs.Reconfigure(ctx, members)
	if err != nil {
		return nil, err
	}
	if err := task.Wait(ctx); err != nil {
		return nil, fmt.Errorf("switch members: %w", err)
	}
	group := types.DVPortgroupConfigSpec{Name: name, Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding), NumPorts: 1}
	if task, err = s.dvs.AddPortgroup(ctx, []types.DVPortgroupConfigSpec{group}); err != nil {
		return nil, err
	}
	if err := task.Wait(ctx); err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	children, err := s.folders.NetworkFolder.Children(ctx)
	if err != nil {
		return nil, err
	}
	for _, child := range children { // the task does not say what it made
		if found, ok := child.(*object.DistributedVirtualPortgroup); ok {
			if called, err := found.ObjectName(ctx); err == nil && called == name {
				return found.EthernetCardBackingInfo(ctx)
			}
		}
	}
	return nil, fmt.Errorf("network %s was made but is not there", name)
}

// addTemplate makes an RHCOS template at hardware version 19, without which a control plane cannot be rolled.
func (s *site) addTemplate(ctx context.Context, wanted cluster, network types.BaseVirtualDeviceBackingInfo) error {
	parent, err := s.templateFolder(ctx, wanted.TemplateFolder)
	if err != nil {
		return err
	}
	var devices object.VirtualDeviceList
	controller, err := devices.CreateSCSIController("pvscsi")
	if err != nil {
		return err
	}
	disk := devices.CreateDisk(controller.(types.BaseVirtualController), s.datastore, "")
	disk.CapacityInKB = 16 << 20
	card, err := devices.CreateEthernetCard("vmxnet3", network)
	if err != nil {
		return err
	}
	changes, err := append(devices, controller, disk, card).ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	if err != nil {
		return err
	}
	task, err := parent.CreateVM(ctx, types.VirtualMachineConfigSpec{
		Name: wanted.Template, Version: "vmx-19", GuestId: "coreos64Guest", NumCPUs: 2, MemoryMB: 8192,
		Files: &types.VirtualMachineFileInfo{VmPathName: "[" + wanted.Datastore + "]"}, DeviceChange: changes,
	}, s.pool, nil)
	if err != nil {
		return err
	}
	done, err := task.WaitForResult(ctx)
	if err != nil {
		return fmt.Errorf("template: %w", err)
	}
	s.template = object.NewVirtualMachine(s.client, done.Result.(types.ManagedObjectReference))
	return s.template.MarkAsTemplate(ctx)
}

func (s *site) templateFolder(ctx context.Context, name string) (*object.Folder, error) {
	if name == "" {
		return s.folders.VmFolder, nil
	}
	children, err := s.folders.VmFolder.Children(ctx)
	if err != nil {
		return nil, err
	}
	for _, child := range children {
		if found, ok := child.(*object.Folder); ok {
			if called, err := found.ObjectName(ctx); err == nil && called == name {
				return found, nil
			}
		}
	}
	return s.folders.VmFolder.CreateFolder(ctx, name)
}

// crowd adds machines that are nobody's business here: they make inventories long, not different.
func (s *site) crowd(ctx context.Context, count int) error {
	if count == 0 {
		return nil
	}
	folder, err := s.folders.VmFolder.CreateFolder(ctx, "others")
	if err != nil {
		return err
	}
	store := object.NewDatastore(s.client, s.datastore)
	name, err := store.ObjectName(ctx)
	if err != nil {
		return err
	}
	var tasks []*object.Task
	for number := range count {
		task, err := folder.CreateVM(ctx, types.VirtualMachineConfigSpec{
			Name: fmt.Sprintf("other-%04d", number), GuestId: "otherGuest", NumCPUs: 1, MemoryMB: 1024,
			Files: &types.VirtualMachineFileInfo{VmPathName: "[" + name + "]"},
		}, s.pool, nil)
		if err != nil {
			return err
		}
		tasks = append(tasks, task)
	}
	for _, task := range tasks {
		if err := task.Wait(ctx); err != nil {
			return fmt.Errorf("another machine: %w", err)
		}
	}
	return nil
}
