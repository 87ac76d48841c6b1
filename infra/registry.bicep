targetScope = 'subscription'

// The registry that the environments share: a model that was tried in one of them is promoted, not trained again.

import { registryUserType, tagsType } from 'types.bicep'
import { builtIn, give } from 'roles.bicep'

@description('Required. The same short word as in main.bicep.')
@minLength(2)
@maxLength(7)
param workload string

@description('Required. The region. It can never be changed.')
param location string

@description('Required. Whom the resources belong to.')
param tags tagsType

@description('Optional. An addition to names that are still held by something that was deleted.')
@minLength(1)
@maxLength(4)
param suffix string?

@description('Optional. Whether it answers on a public address, to callers with a role.')
param publicNetworkAccess 'Enabled' | 'Disabled' = 'Disabled'

@description('Optional. The targets that use it. The bootstrap of each has been deployed: their identities are granted roles here.')
param targets registryUserType[] = []

@description('Optional. Days for which it is known who read and published which version.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 365

// Not among the roles in roles.bicep: those, the identity that deploys a target may grant.
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

// By target: the first publishes what it has trained, the others take it. Pull requests only ever reach dev.
var release = map(targets, each => union(each, { job: 'release', role: builtIn.registryUser }))
var reading = map(
  filter(targets, each => each.target == 'dev'),
  each => union(each, { job: 'pull-request', role: reader })
)
var users = concat(release, reading)

var resourceTags = union(tags, { workload: workload, target: 'shared' })

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${workload}-shared'
  location: location
  tags: resourceTags
}

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [
  for user in users: {
    scope: resourceGroup(
      user.?subscriptionId ?? subscription().subscriptionId,
      'rg-${workload}-${user.target}-delivery'
    )
    name: 'id-${workload}-${user.target}-${user.job}'
  }
]

// Who read and published what.
module logs 'modules/logs.bicep' = {
  scope: group
  params: {
    name: 'log-${workload}-shared${suffix ?? ''}'
    location: location
    tags: resourceTags
    retentionDays: logRetentionDays
    dailyQuotaGb: 1
  }
}

module registry 'modules/model-registry.bicep' = {
  scope: group
  params: {
    name: 'mlr-${workload}${suffix ?? ''}'
    location: location
    tags: resourceTags
    publicNetworkAccess: publicNetworkAccess
    logsId: logs.outputs.id
    grants: [
      for (user, i) in users: give(
        { name: '${user.target}-${user.job}', id: identities[i].id, principalId: identities[i].properties.principalId },
        user.role,
        user.job == 'release' ? 'Publishes versions, and takes them.' : 'Compares a candidate with what is published.'
      )
    ]
  }
}

@description('The id of the registry, as main.bicep takes it.')
output id string = registry.outputs.id

@description('The name of the registry.')
output name string = registry.outputs.name
