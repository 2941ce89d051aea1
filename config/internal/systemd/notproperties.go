package systemd

import (
	"strings"
)

// insteadOf returns the key of a profile for a setting of systemd that is
// none of scope.properties; "" where there is none.
func insteadOf(name string) string {
	switch name {
	case "Slice":
		return "scope.slice"
	case "Description":
		return "scope.description"
	case "Delegate":
		return "scope.delegate"
	case "ExecStart":
		return "command.argv"
	case "Type", "NotifyAccess", "WatchdogSec":
		return "service.notify"
	case "Sockets":
		return "service.listen_fds"
	case "LoadCredential", "SetCredential", "ImportCredential":
		return "service.credentials"
	case "User":
		return "process.uid"
	case "Group":
		return "process.gid"
	case "SupplementaryGroups":
		return "process.groups"
	case "WorkingDirectory":
		return "process.cwd"
	case "UMask":
		return "process.umask"
	case "Nice":
		return "process.nice"
	case "OOMScoreAdjust":
		return "process.oom_score_adj"
	case "NoNewPrivileges":
		return "process.no_new_privs"
	case "CapabilityBoundingSet", "AmbientCapabilities":
		return "process.capabilities"
	case "StandardInput", "TTYPath":
		return "process.terminal"
	case "Environment":
		return "env.set"
	case "PassEnvironment":
		return "env.inherit"
	case "RootDirectory":
		return "root.path"
	case "ProtectSystem":
		return "root.readonly"
	case "MountFlags":
		return "propagation"
	case "ReadOnlyPaths", "BindReadOnlyPaths":
		return "mounts.ro"
	case "ReadWritePaths", "BindPaths":
		return "mounts.rw"
	case "TemporaryFileSystem", "PrivateTmp":
		return "mounts.tmpfs"
	case "InaccessiblePaths", "ProtectHome":
		return "mounts.masked"
	case "PrivateDevices":
		return "dev.mode"
	case "ProtectProc":
		return "proc.hidepid"
	case "ProcSubset":
		return "proc.subset"
	case "ProtectKernelTunables":
		return "proc.readonly_paths"
	case "PrivateNetwork", "NetworkNamespacePath":
		return "namespaces.net"
	case "PrivateIPC", "IPCNamespacePath":
		return "namespaces.ipc"
	case "PrivateUsers":
		return "namespaces.user"
	case "PrivateMounts":
		return "namespaces.mount"
	case "PrivatePIDs":
		return "namespaces.pid"
	case "ProtectHostname":
		return "namespaces.uts"
	case "LimitCPU", "LimitFSIZE", "LimitDATA", "LimitSTACK", "LimitCORE", "LimitRSS", "LimitNOFILE", "LimitAS",
		"LimitNPROC", "LimitMEMLOCK", "LimitLOCKS", "LimitSIGPENDING", "LimitMSGQUEUE", "LimitNICE", "LimitRTPRIO", "LimitRTTIME":
		return "limits.rlimits"
	}
	return ""
}

// inUnitFiles returns the name in unit files of a property that has another
// on the bus; "" for any other.
func inUnitFiles(name string) string {
	switch name {
	case "CPUQuotaPerSecUSec":
		return "CPUQuota"
	case "CPUQuotaPeriodUSec", "TimeoutStopUSec", "RuntimeMaxUSec", "IODeviceLatencyTargetUSec":
		return strings.TrimSuffix(name, "USec") + "Sec"
	case "MemoryMaxScale", "MemoryHighScale", "MemoryLowScale", "MemoryMinScale", "MemorySwapMaxScale", "TasksMaxScale":
		return strings.TrimSuffix(name, "Scale")
	}
	return ""
}

// unsupported are what a scope has beyond scope.properties.
const unsupported = "BPFProgram BlockIOAccounting BlockIODeviceWeight BlockIOReadBandwidth BlockIOWeight " +
	"BlockIOWriteBandwidth CPUShares DefaultMemoryLow DefaultMemoryMin DisableControllers IPAddressAllow IPAddressDeny " +
	"IPEgressFilterPath IPIngressFilterPath ManagedOOMMemoryPressureLimit ManagedOOMPreference MemoryLimit NetClass " +
	"RestartKillSignal RestrictNetworkInterfaces RuntimeRandomizedExtraSec SocketBindAllow SocketBindDeny " +
	"StartupBlockIOWeight StartupCPUShares WatchdogSignal DelegateControllers DelegateSubgroup MemoryZSwapMax MemoryZSwapWriteback " +
	"StartupMemoryHigh StartupMemoryLow StartupMemoryMax StartupMemorySwapMax StartupMemoryZSwapMax CoredumpReceive " +
	"MemoryPressureWatch MemoryPressureThresholdSec ManagedOOMMemoryPressureDurationSec NFTSet " +
	"DefaultDependencies Documentation FailureAction IgnoreOnIsolate JobRunningTimeoutSec JobTimeoutSec " +
	"JoinsNamespaceOf OnFailure OnSuccess PropagatesReloadTo PropagatesStopTo ReloadPropagatedFrom RefuseManualStart " +
	"RefuseManualStop RequiresMountsFor Requisite StopPropagatedFrom StopWhenUnneeded SuccessAction Upholds"

// ofServices are settings of services that no key sets.
const ofServices = "AppArmorProfile BusName CPUAffinity CPUSchedulingPolicy CPUSchedulingPriority " +
	"CPUSchedulingResetOnFork CacheDirectory ConfigurationDirectory CoredumpFilter DynamicUser EnvironmentFile ExecCondition " +
	"ExecPaths ExecReload ExecSearchPath ExecStartPost ExecStartPre ExecStop ExecStopPost ExitType ExtensionImages " +
	"FileDescriptorStoreMax GuessMainPID IOSchedulingClass IOSchedulingPriority IgnoreSIGPIPE KeyringMode " +
	"LockPersonality LogExtraFields LogLevelMax LogNamespace LogRateLimitBurst LogRateLimitIntervalSec " +
	"LogsDirectory MemoryDenyWriteExecute MountAPIVFS MountImages NUMAMask NUMAPolicy NoExecPaths NonBlocking PAMName PIDFile " +
	"Personality ProtectClock ProtectControlGroups ProtectKernelLogs ProtectKernelModules RemainAfterExit RemoveIPC " +
	"Restart RestartForceExitStatus RestartPreventExitStatus RestartSec RestrictAddressFamilies RestrictFileSystems " +
	"RestrictNamespaces RestrictRealtime RestrictSUIDSGID RootImage RuntimeDirectory SELinuxContext SecureBits " +
	"SmackProcessLabel StandardError StandardOutput StateDirectory SuccessExitStatus SyslogFacility SyslogIdentifier " +
	"SyslogLevel SystemCallArchitectures SystemCallErrorNumber SystemCallFilter SystemCallLog TTYReset TTYVHangup " +
	"TimeoutAbortSec TimeoutSec TimeoutStartSec TimerSlackNSec UnsetEnvironment UtmpIdentifier UtmpMode"
