targetScope = 'subscription'

// One environment that models are trained in and delivered to. Read it as a table of contents: each module below is
// one concern, in the order in which Azure needs them. What the roles are for stands in docs/infrastructure.md.

import { budgetType, clusterType, deliveryType, isolationType, kubernetesType } from 'types.bicep'
import { operatorType, tagsType, targetType } from 'types.bicep'
import { named, unique } from 'names.bicep'
import { builtIn, customRoleName, give } from 'roles.bicep'

@description('Required. The environment.')
param target targetType

@description('Required. A short word for what is delivered, in lower case; it is part of every name.')
@minLength(2)
@maxLength(7)
param workload string

@description('Required. The region.')
param location string

@description('Optional. An addition to names that are still held by something that was deleted.')
@minLength(1)
@maxLength(4)
param suffix string?

@description('Required. Whom the resources belong to.')
param tags tagsType

@description('Optional. How far the workspace is closed.')
param isolation isolationType = 'private'

@description('Optional. Addresses from which a managed environment\'s storage, vault and registry are reached, in CIDR form.')
param allowedIpRanges string[]?

@description('Optional. Hosts that jobs in a closed network may reach. The first one starts a firewall that is billed by the hour.')
param approvedHosts string[]?

@description('Optional. The addresses of a private environment\'s network, a /24 in CIDR form.')
@minLength(9)
@maxLength(18)
param addressPrefix string = '10.20.0.0/24'

@description('Required. The cluster that jobs run on.')
param cluster clusterType

@description('Optional. A second cluster, with sizes that have a graphics processor. Images are never built on it.')
param gpuCluster clusterType?

@description('Optional. Whether steps may run on serverless Spark: they may then also write the lake.')
param spark bool = false

@description('Optional. A Kubernetes cluster that jobs may run on as well. A closed workspace does not take one.')
param kubernetes kubernetesType?

@description('Optional. Whether that cluster is attached. Only ever in one deployment: attaching it again is refused.')
param attachKubernetes bool = false

@description('Optional. The full id of the shared registry of models, to which a closed target then has a private endpoint.')
@minLength(126)
param registryId string?

@description('Required. The sizes that clusters and online deployments may have; every other one is refused.')
@minLength(1)
param allowedSizes string[]

@description('Optional. Whether the shell of the online endpoint is made. Only ever in the first deployment: a PUT of an endpoint without the traffic of the moment silences it.')
param createEndpoint bool = false

@description('Optional. The classes of job that deliver to this target; the bootstrap has made their identities and roles.')
param delivery deliveryType[] = ['release']

@description('Required. Who gets the alerts.')
@minLength(1)
param operators operatorType[]

@description('Optional. Milliseconds that 95 of 100 requests may take before an alert.')
@minValue(10)
@maxValue(60000)
param latencyMs int = 500

@description('Optional. Whether an hour without a request is an alarm.')
param trafficExpected bool = false

@description('Required. What the group may cost in a month.')
param budget budgetType

@description('Optional. Days for which deleted data can be restored, and a deleted vault holds its name.')
@minValue(7)
@maxValue(90)
param retentionDays int = 30

@description('Optional. Days for which logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Optional. How many empty deployments, of some seconds each, are waited between the grants and the workspace.')
@minValue(10)
@maxValue(100)
param waitTurns int = 24

var groupName = named('rg', workload, target, suffix)
var deliveryGroupName = '${named('rg', workload, target, null)}-delivery'
var seed = '${subscription().id}/${groupName}'
var endpointName = suffix == null ? '${workload}-${target}' : '${workload}-${target}-${suffix!}'
var clusterName = 'cpu-cluster'
var registryJoined = registryId != null && isolation != 'public'
var resourceTags = union(tags, { workload: workload, target: target })

// What is costly to lose is guarded in production; the rest can be torn down.
var guarded = target == 'prod'
var redundancy = guarded ? 'Standard_ZRS' : 'Standard_LRS'

// Managed: the jobs are closed in, and what they work on answers the named addresses. Private: no public address.
var reach = {
  publicNetworkAccess: isolation == 'private' ? 'Disabled' : 'Enabled'
  defaultAction: isolation == 'public' ? 'Allow' : 'Deny'
  ipRanges: isolation == 'managed' ? (allowedIpRanges ?? []) : []
}

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: groupName
  location: location
  tags: resourceTags
}

// The identities that work inside Azure.
module identities 'modules/identities.bicep' = {
  scope: group
  params: {
    location: location
    tags: resourceTags
    names: {
      workspace: '${named('id', workload, target, suffix)}-workspace'
      compute: '${named('id', workload, target, suffix)}-compute'
      endpoint: '${named('id', workload, target, suffix)}-endpoint'
    }
  }
}

// Logs, traces and metrics.
module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    names: { logs: named('log', workload, target, suffix), insights: named('appi', workload, target, suffix) }
    location: location
    tags: resourceTags
    retentionDays: logRetentionDays
    dailyQuotaGb: guarded ? 10 : 1
    publicIngestion: reach.publicNetworkAccess
    locked: guarded
    grants: [give(identities.outputs.workspace, builtIn.contributor, 'Links itself to Application Insights.')]
  }
}

// The virtual network and the private zones, where the isolation is private.
module network 'modules/network.bicep' = if (isolation == 'private') {
  scope: group
  params: {
    name: named('vnet', workload, target, suffix)
    location: location
    tags: resourceTags
    addressPrefix: addressPrefix
    logsId: monitoring.outputs.logsId
  }
}
var privateNetwork = isolation == 'private'
  ? { subnetId: network!.outputs.subnetId, zoneIds: network!.outputs.zoneIds }
  : null

// The private way to the logs, where they have no public one.
module monitorLink 'modules/monitor-link.bicep' = if (isolation == 'private') {
  scope: group
  params: {
    name: named('ampls', workload, target, suffix)
    location: location
    tags: resourceTags
    linked: { logs: monitoring.outputs.logsId, insights: monitoring.outputs.insightsId }
    privateNetwork: privateNetwork!
  }
}

// The workspace's own account. Azure ML refuses one with a hierarchical namespace here.
module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: unique('st', workload, target, seed)
    location: location
    tags: resourceTags
    hierarchicalNamespace: false
    redundancy: redundancy
    reach: reach
    retentionDays: retentionDays
    logsId: monitoring.outputs.logsId
    privateNetwork: privateNetwork
    locked: guarded
    grants: [
      give(
        identities.outputs.workspace,
        builtIn.blobDataContributor,
        'Makes and uses the containers of its datastores.'
      )
      give(identities.outputs.workspace, builtIn.fileDataPrivilegedContributor, 'Makes and uses its file share.')
      give(identities.outputs.compute, builtIn.blobDataContributor, 'Steps read their code and write their outputs.')
      give(identities.outputs.compute, builtIn.tableDataContributor, 'Batch scoring keeps its state in tables.')
      give(identities.outputs.compute, builtIn.queueDataContributor, 'Batch scoring hands out its work in queues.')
      give(identities.outputs.endpoint, builtIn.blobDataReader, 'Deployments read their model and code.')
    ]
  }
}

// The lake: landed data, addressed as abfss://, read by jobs and written by whoever lands them.
module lake 'modules/storage.bicep' = {
  scope: group
  params: {
    name: unique('dl', workload, target, seed)
    location: location
    tags: resourceTags
    hierarchicalNamespace: true
    redundancy: redundancy
    reach: reach
    retentionDays: retentionDays
    logsId: monitoring.outputs.logsId
    privateNetwork: privateNetwork
    locked: guarded
    containers: ['landed']
    grants: [
      spark
        ? give(identities.outputs.compute, builtIn.blobDataContributor, 'Spark asks for it on all its data.')
        : give(identities.outputs.compute, builtIn.blobDataReader, 'Steps read landed data, and never change them.')
    ]
  }
}

// The vault that Azure ML keeps its own secrets in.
module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: unique('kv', workload, target, seed)
    location: location
    tags: resourceTags
    purgeProtection: guarded
    retentionDays: retentionDays
    reach: reach
    logsId: monitoring.outputs.logsId
    privateNetwork: privateNetwork
    locked: guarded
    grants: [
      give(identities.outputs.workspace, builtIn.contributor, 'Is checked when the workspace is made.')
      give(
        identities.outputs.workspace,
        builtIn.keyVaultAdministrator,
        'Keeps secrets of image builds and connections.'
      )
    ]
  }
}

// Images.
module containerRegistry 'modules/container-registry.bicep' = {
  scope: group
  params: {
    name: unique('cr', workload, target, seed)
    location: location
    tags: resourceTags
    reach: reach
    logsId: monitoring.outputs.logsId
    privateNetwork: privateNetwork
    locked: guarded
    grants: [
      give(identities.outputs.workspace, builtIn.contributor, 'Builds and pushes images.')
      give(identities.outputs.compute, builtIn.acrPull, 'Pulls the images of steps.')
      give(identities.outputs.endpoint, builtIn.acrPull, 'Pulls the image of a deployment.')
    ]
  }
}

// The workspace's rights over what is not there yet.
module groupAccess 'modules/group-access.bicep' = {
  scope: group
  params: {
    identity: { name: identities.outputs.workspace.name, principalId: identities.outputs.workspace.principalId }
    roles: union(
      [{ id: builtIn.azureAIAdministrator, reason: 'Manages the workspace and what belongs to it.' }],
      isolation == 'public'
        ? []
        : [{ id: builtIn.networkConnectionApprover, reason: 'Approves the private endpoints of the managed network.' }]
    )
  }
}

// Where it is, is evaluated also where there is none.
var registryPath = split(registryId ?? '${subscription().id}/resourceGroups/${groupName}', '/')
module registryApproval 'modules/registry-approval.bicep' = if (registryJoined) {
  scope: resourceGroup(registryPath[2], registryPath[4])
  params: {
    registryName: last(registryPath)
    grant: give(identities.outputs.workspace, builtIn.networkConnectionApprover, 'Approves its endpoint there.')
  }
}

// Every grant needs minutes to be in force; a workspace that comes too early fails, and so does its name.
@batchSize(1)
module wait 'modules/wait.bicep' = [
  for turn in range(0, waitTurns): {
    scope: group
    params: { turn: turn }
    dependsOn: [monitoring, storage, lake, vault, containerRegistry, groupAccess, registryApproval]
  }
]

module workspace 'modules/workspace.bicep' = {
  scope: group
  dependsOn: [wait]
  params: {
    name: named('mlw', workload, target, suffix)
    location: location
    tags: resourceTags
    identityId: identities.outputs.workspace.id
    parts: {
      storage: storage.outputs.id
      vault: vault.outputs.id
      containerRegistry: containerRegistry.outputs.id
      insights: monitoring.outputs.insightsId
    }
    lakeId: lake.outputs.id
    sparkIdentityId: spark ? identities.outputs.compute.id : null
    registryId: registryJoined ? registryId : null
    monitorLinkId: isolation == 'private' ? monitorLink!.outputs.id : null
    isolation: isolation
    approvedHosts: approvedHosts ?? []
    imageBuildCompute: clusterName
    logsId: monitoring.outputs.logsId
    privateNetwork: privateNetwork
  }
}

// What the steps, the endpoint and the workflows may do in it.
module workspaceAccess 'modules/workspace-access.bicep' = {
  scope: group
  params: {
    workspaceName: workspace.outputs.name
    storageName: storage.outputs.name
    endpointIdentityName: identities.outputs.endpoint.name
    of: { workload: workload, target: target }
    deliveryGroup: deliveryGroupName
    delivery: delivery
    grants: [
      {
        identity: identities.outputs.compute.name
        principalId: identities.outputs.compute.principalId
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          customRoleName(subscription().subscriptionId, workload, target, 'step')
        )
        reason: 'The last step of a pipeline registers the model that the gate has let pass.'
      }
      give(identities.outputs.endpoint, builtIn.metricsWriter, 'Deployments report their metrics.')
    ]
  }
}

// What jobs run on; it costs nothing while there is none.
module computes 'modules/computes.bicep' = {
  scope: group
  params: {
    workspaceName: workspace.outputs.name
    location: location
    tags: resourceTags
    clusterName: clusterName
    cluster: cluster
    gpuCluster: gpuCluster
    kubernetes: kubernetes
    attachKubernetes: attachKubernetes
    identityId: identities.outputs.compute.id
    isolation: isolation
  }
}

// The endpoint's shell, in the first deployment only.
module endpoint 'modules/endpoint.bicep' = if (createEndpoint) {
  scope: group
  params: {
    workspaceName: workspace.outputs.name
    name: endpointName
    location: location
    tags: resourceTags
    identityId: identities.outputs.endpoint.id
    publicNetworkAccess: isolation == 'private' ? 'Disabled' : 'Enabled'
  }
}

// Alerts, and the logs of the endpoint.
module watch 'modules/watch.bicep' = {
  scope: group
  dependsOn: [endpoint]
  params: {
    name: named('ag', workload, target, suffix)
    tags: resourceTags
    operators: operators
    workspaceName: workspace.outputs.name
    endpointName: endpointName
    latencyMs: latencyMs
    trafficExpected: trafficExpected
    logsId: monitoring.outputs.logsId
  }
}

// What the group may cost.
module spending 'modules/budget.bicep' = {
  scope: group
  params: {
    name: named('budget', workload, target, suffix)
    budget: budget
    actionGroupId: watch.outputs.actionGroupId
  }
}

// What no one may do.
module sizePolicy 'modules/size-policy.bicep' = {
  params: { name: 'ml-sizes-${workload}-${target}' }
}
module policies 'modules/policies.bicep' = {
  scope: group
  params: {
    sizes: allowedSizes
    sizePolicyId: sizePolicy.outputs.id
    publicAccessRefused: isolation == 'private'
  }
}

@description('What mlops.toml says of this target.')
output settings {
  subscriptionId: string
  resourceGroup: string
  workspace: string
  compute: string
  endpoint: string
  allowedSizes: string[]
} = {
  subscriptionId: subscription().subscriptionId
  resourceGroup: groupName
  workspace: named('mlw', workload, target, suffix)
  compute: clusterName
  endpoint: endpointName
  allowedSizes: allowedSizes
}
