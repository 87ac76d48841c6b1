targetScope = 'subscription'

// What a person deploys once for each target, before anything else: the identities of the workflows, whom GitHub may
// act as them, and their roles. It is apart from main.bicep so that no identity can write its own credentials or grants:
// the one that deploys main.bicep has no right over this group, nor over role definitions.

import { tagsType, targetType } from 'types.bicep'
import { named } from 'names.bicep'
import { customRoles } from 'custom-roles.bicep'
import { builtIn, builtInRole, customRoleName } from 'roles.bicep'

@description('Required. The environment.')
param target targetType

@description('Required. The same short word as in main.bicep.')
@minLength(2)
@maxLength(7)
param workload string

@description('Required. The region.')
param location string

@description('Required. Whom the resources belong to.')
param tags tagsType

@description('Required. The repository whose workflows deliver.')
param repository {
  @description('Required. The account that it belongs to, in GitHub\'s own spelling: subjects are compared with case.')
  @minLength(1)
  @maxLength(39)
  owner: string

  @description('Required. The name of the repository.')
  @minLength(1)
  @maxLength(100)
  name: string

  @description('Required. The number of the account.')
  @minValue(1)
  ownerId: int

  @description('Required. The number of the repository.')
  @minValue(1)
  id: int
}

@description('Optional. The classes of job that have an identity. Each runs in the GitHub environment TARGET-CLASS.')
param jobs ('pull-request' | 'train' | 'release' | 'plan' | 'infrastructure')[] = ['release', 'plan', 'infrastructure']

@description('Optional. The audience of the tokens; another one in national clouds.')
@minLength(3)
param audience string = 'api://AzureADTokenExchange'

var resourceTags = union(tags, { workload: workload, target: target })

// What main.bicep grants to identities. Whoever deploys it can grant these, and no other role.
var grantable = concat(
  map(
    filter(items(builtIn), role => !contains(['registryUser', 'roleBasedAccessControlAdministrator'], role.key)),
    role => role.value
  ),
  map(
    ['pull-request', 'train', 'release', 'step'],
    job => customRoleName(subscription().subscriptionId, workload, target, job)
  )
)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: '${named('rg', workload, target, null)}-delivery'
  location: location
  tags: resourceTags
}

// A role whose only scope is a group vanishes with the group, so the scope is the subscription.
resource roles 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [
  for role in customRoles: {
    name: customRoleName(subscription().subscriptionId, workload, target, role.job)
    properties: {
      roleName: '${workload} ${target} ${role.job}'
      description: role.says
      type: 'CustomRole'
      assignableScopes: [subscription().id]
      permissions: [{ actions: role.actions, notActions: [], dataActions: [], notDataActions: [] }]
    }
  }
]

module identities 'modules/github-identity.bicep' = [
  for job in jobs: {
    scope: group
    params: {
      name: 'id-${workload}-${target}-${job}'
      location: location
      tags: resourceTags
      audience: audience
      subjects: [
        'repo:${repository.owner}/${repository.name}:environment:${target}-${job}'
        'repo:${repository.owner}@${repository.ownerId}/${repository.name}@${repository.id}:environment:${target}-${job}'
      ]
    }
  }
]

// The workspace's roles are granted by main.bicep, where the workspace is; these are for the subscription.
resource deploying 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (job, i) in jobs: if (contains(['plan', 'infrastructure'], job)) {
    name: guid(subscription().id, workload, target, job)
    dependsOn: [roles]
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        customRoleName(subscription().subscriptionId, workload, target, job)
      )
      principalId: identities[i].outputs.principalId
      principalType: 'ServicePrincipal'
      description: 'What ${job} of the infrastructure calls.'
    }
  }
]

// Whoever releases looks at what the endpoint answered: at an address of the subscription.
resource measuring 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (job, i) in jobs: if (job == 'release') {
    name: guid(subscription().id, workload, target, job, 'metrics')
    dependsOn: [roles]
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        customRoleName(subscription().subscriptionId, workload, target, 'metrics')
      )
      principalId: identities[i].outputs.principalId
      principalType: 'ServicePrincipal'
      description: 'Reads the metrics of the endpoint, which a canary is judged by.'
    }
  }
]

var grantableList = join(grantable, ', ')

resource granting 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (job, i) in jobs: if (job == 'infrastructure') {
    name: guid(subscription().id, workload, target, job, 'granting')
    properties: {
      roleDefinitionId: builtInRole(builtIn.roleBasedAccessControlAdministrator)
      principalId: identities[i].outputs.principalId
      principalType: 'ServicePrincipal'
      description: 'Grants the roles that main.bicep names, to service principals, never to itself.'
      conditionVersion: '2.0'
      condition: join(
        [
          '((!(ActionMatches{\'Microsoft.Authorization/roleAssignments/write\'})) OR ('
          '@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${grantableList}}'
          ' AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringEqualsIgnoreCase \'ServicePrincipal\''
          ' AND @Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForAllOfAllValues:GuidNotEquals {${identities[i].outputs.principalId}}))'
          ' AND (!(ActionMatches{\'Microsoft.Authorization/roleAssignments/delete\'}))'
        ],
        ''
      )
    }
  }
]

@description('The client ids, for the variable AZURE_CLIENT_ID of each GitHub environment.')
output clientIds { environment: string, clientId: string }[] = [
  for (job, i) in jobs: { environment: '${target}-${job}', clientId: identities[i].outputs.clientId }
]
