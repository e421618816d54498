// The lab's vCenter. govmomi from 0.55 on: 0.52 drops ExtraConfig, InstanceUuid and CPUs of a clone spec, by which the
// machine controller knows its machines; so this is a module apart.
module lab/vcenter

go 1.26.0

require (
	github.com/google/uuid v1.6.0
	github.com/vmware/govmomi v0.55.0
)

require golang.org/x/text v0.38.0 // indirect
