package main

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// closeGaps makes the simulator do what a real vCenter does and it does not: give a clone a disk of its own, give a
// running guest an address, make machines while others are watched. It is also where tasks get their pace.
func closeGaps(registry *simulator.Registry, subnet string, tempo *pace) {
	registry.Handler = func(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		switch request := method.Body.(type) {
		case *types.CloneVM_Task:
			ownDisks(ctx, request)
			tempo.draw()
		case *types.PowerOnMultiVM_Task:
			tempo.draw()
		case *types.WaitForUpdatesEx:
			deafen(ctx, method.This)
		}
		return nil, nil
	}
	registry.AddHandler(&guests{subnet: subnet})
}

// ownDisks points edited disks of a clone at files of its own. The simulator applies a disk edit of the clone spec as it
// stands, template's file name included, so that destroying the clone would destroy the template's disk.
func ownDisks(ctx *simulator.Context, request *types.CloneVM_Task) {
	if request.Spec.Config == nil || request.Spec.Location.Datastore == nil {
		return
	}
	store, ok := ctx.Map.Get(*request.Spec.Location.Datastore).(*simulator.Datastore)
	if !ok {
		return
	}
	for _, change := range request.Spec.Config.DeviceChange {
		spec := change.GetVirtualDeviceConfigSpec()
		disk, ok := spec.Device.(*types.VirtualDisk)
		if !ok || spec.Operation != types.VirtualDeviceConfigSpecOperationEdit {
			continue
		}
		if backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
			backing.FileName = fmt.Sprintf("[%s] %s/%s.vmdk", store.Name, request.Name, request.Name)
			backing.Uuid = ""
			backing.Datastore = request.Spec.Location.Datastore
		}
	}
}

// deafen makes a collector's filters not listen for changes of what they traverse, such as a view that grows: one that
// does holds its own lock while it waits for a new machine's, and the machine's maker holds that and waits for the
// filter's. Both wait for ever, and with them all that touches this vCenter's machines. Nothing is lost for it: the
// collector itself collects again whenever an object comes, and knows when one goes.
func deafen(ctx *simulator.Context, collector types.ManagedObjectReference) {
	if ctx.Session == nil {
		return
	}
	if found, ok := ctx.Session.Get(collector).(*simulator.PropertyCollector); ok {
		for _, each := range found.Filter {
			if filter, ok := ctx.Session.Get(each).(*simulator.PropertyFilter); ok {
				ctx.Map.RemoveHandler(filter)
			}
		}
	}
}

// guests gives every machine an address when it is powered on and takes it away when it is powered off. Addresses are
// never used twice: a new machine with an old one's address would be a different story.
type guests struct {
	mutex  sync.Mutex
	subnet string
	last   int
}

func (g *guests) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "LabGuests", Value: "guests"}
}

// PutObject gives a new machine the two states that the simulator leaves empty, which pyVmomi cannot read.
func (g *guests) PutObject(_ *simulator.Context, created mo.Reference) {
	if vm, ok := created.(*simulator.VirtualMachine); ok {
		for _, runtime := range []*types.VirtualMachineRuntimeInfo{&vm.Runtime, &vm.Summary.Runtime} {
			runtime.FaultToleranceState = types.VirtualMachineFaultToleranceStateNotConfigured
			runtime.RecordReplayState = types.VirtualMachineRecordReplayStateInactive
		}
	}
}

func (g *guests) RemoveObject(*simulator.Context, types.ManagedObjectReference) {}

func (g *guests) UpdateObject(ctx *simulator.Context, changed mo.Reference, changes []types.PropertyChange) {
	vm, ok := changed.(*mo.VirtualMachine)
	if !ok {
		return
	}
	for _, change := range changes {
		if change.Name == "runtime.powerState" {
			g.address(ctx, vm, change.Val == types.VirtualMachinePowerStatePoweredOn)
			return
		}
	}
}

func (g *guests) address(ctx *simulator.Context, vm *mo.VirtualMachine, running bool) {
	if vm.Guest == nil || len(vm.Guest.Net) == 0 {
		return
	}
	address, addresses, tools := "", []string(nil), types.VirtualMachineToolsRunningStatusGuestToolsNotRunning
	if running {
		g.mutex.Lock()
		g.last++
		address = fmt.Sprintf("%s.%d.%d", g.subnet, g.last/250, g.last%250+1)
		g.mutex.Unlock()
		addresses, tools = []string{address}, types.VirtualMachineToolsRunningStatusGuestToolsRunning
	}
	cards := append([]types.GuestNicInfo(nil), vm.Guest.Net...)
	cards[0].IpAddress = addresses
	ctx.Update(vm, []types.PropertyChange{
		{Name: "guest.net", Val: cards},
		{Name: "guest.ipAddress", Val: address},
		{Name: "guest.toolsRunningStatus", Val: string(tools)},
		{Name: "summary.guest.ipAddress", Val: address},
	})
}

// pace is how long tasks take, by the simulator's task names (CloneVm, PowerOnMultiVM). The call that starts a task answers at
// once, as on a real vCenter.
type pace struct {
	mutex   sync.Mutex
	seconds map[string]float64
	chance  *rand.Rand
}

// set replaces all delays; with a seed each use is drawn between half and one and a half of its value.
func (p *pace) set(seconds map[string]float64, seed *uint64) {
	p.mutex.Lock()
	p.seconds, p.chance = seconds, nil
	if seed != nil {
		p.chance = rand.New(rand.NewPCG(*seed, *seed))
	}
	p.mutex.Unlock()
	p.draw()
}

// draw hands the simulator the delays of the next task. The map is replaced and never edited: a task may be reading it.
func (p *pace) draw() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	milliseconds := map[string]int{"LockHandoff": 0} // a slow task must not lock its machine against readers
	for name, value := range p.seconds {
		if p.chance != nil {
			value *= 0.5 + p.chance.Float64()
		}
		milliseconds[name] = int(value * 1000)
	}
	simulator.TaskDelay.MethodDelay = milliseconds
}
