// What identities may do in the workspace, and what those that deliver may do with its storage.

import { deliveryType, grantType } from '../types.bicep'
import { builtIn, builtInRole, customRoleName } from '../roles.bicep'

@description('Required. The name of the workspace.')
param workspaceName string

@description('Required. The name of the workspace\'s own storage account.')
param storageName string

@description('Required. The name of the endpoint\'s identity.')
param endpointIdentityName string

@description('Required. The workload and target, after which the custom roles are named.')
param of { workload: string, target: string }

@description('Required. The resource group in which the bootstrap made the identities of the workflows.')
param deliveryGroup string

@description('Required. The classes of job that deliver to this target.')
param delivery deliveryType[]

@description('Required. Grants of identities that work inside Azure.')
param grants grantType[]

resource workspace 'Microsoft.MachineLearningServices/workspaces@2026-05-01' existing = {
  name: workspaceName
}

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource endpointIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: endpointIdentityName
}

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [
  for job in delivery: {
    scope: resourceGroup(deliveryGroup)
    name: 'id-${of.workload}-${of.target}-${job}'
  }
]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in grants: {
    scope: workspace
    name: guid(workspace.id, grant.identity, grant.roleDefinitionId)
    properties: {
      roleDefinitionId: grant.roleDefinitionId
      principalId: grant.principalId
      principalType: 'ServicePrincipal'
      description: grant.reason
    }
  }
]

resource delivering 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (job, i) in delivery: {
    scope: workspace
    name: guid(workspace.id, job)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        customRoleName(subscription().subscriptionId, of.workload, of.target, job)
      )
      principalId: identities[i].properties.principalId
      principalType: 'ServicePrincipal'
      description: 'What the ${job} workflows call, and nothing else.'
    }
  }
]

// The caller, not the workspace, writes the code that it submits and reads the outputs that it downloads.
resource uploading 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (job, i) in delivery: if (job != 'pull-request') {
    scope: storage
    name: guid(storage.id, job)
    properties: {
      roleDefinitionId: builtInRole(builtIn.blobDataContributor)
      principalId: identities[i].properties.principalId
      principalType: 'ServicePrincipal'
      description: 'Uploads the code of its jobs and downloads their outputs.'
    }
  }
]

var container = 'Microsoft.Storage/storageAccounts/blobServices/containers'

// A pull request writes only where Azure ML puts what is submitted: the inputs of a job, named by the hash of their
// content, and the containers of snapshots, named after the workspace. Not models, data, or what steps have written.
resource submitting 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (job, i) in delivery: if (job == 'pull-request') {
    scope: storage
    name: guid(storage.id, job, 'submitting')
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        customRoleName(subscription().subscriptionId, of.workload, of.target, job)
      )
      principalId: identities[i].properties.principalId
      principalType: 'ServicePrincipal'
      description: 'Uploads the code of its jobs, and nothing that lasts; downloads their outputs.'
      conditionVersion: '2.0'
      condition: join(
        [
          '((!(ActionMatches{\'${container}/blobs/write\'}) AND !(ActionMatches{\'${container}/blobs/add/action\'}))'
          ' OR (@Resource[${container}:name] StringLike \'azureml-blobstore-*\''
          ' AND @Resource[${container}/blobs:path] StringLike \'LocalUpload/*\')'
          ' OR (@Resource[${container}:name] StringLike \'????????-????-????-????-????????????-*\'))'
        ],
        ''
      )
    }
  }
]

// A release writes the endpoint whole when it moves traffic, and whoever writes a resource must hold this right over
// the identity that it has, although it stays the same.
resource assigning 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (job, i) in delivery: if (job == 'release') {
    scope: endpointIdentity
    name: guid(endpointIdentity.id, job)
    properties: {
      roleDefinitionId: builtInRole(builtIn.managedIdentityOperator)
      principalId: identities[i].properties.principalId
      principalType: 'ServicePrincipal'
      description: 'Writes the endpoint, which has this identity.'
    }
  }
]
