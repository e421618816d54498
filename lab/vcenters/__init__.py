"""The lab's two vCenter simulators: what each holds, and the endpoint that injects faults and delays."""
