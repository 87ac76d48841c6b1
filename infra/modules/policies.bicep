// What no one may do in the group, whoever they are and whatever deploys: refused by Azure itself.

@description('Required. The sizes that clusters and online deployments may have.')
@minLength(1)
param sizes string[]

@description('Required. The definition that limits them.')
param sizePolicyId string

@description('Required. Whether workspaces with public access are refused.')
param publicAccessRefused bool

var builtIns = union(
  [
    {
      name: 'no-local-authentication'
      id: 'e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f'
      says: 'Compute without local authentication'
    }
    { name: 'no-shared-keys', id: '8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54', says: 'Storage without shared keys' }
    { name: 'no-public-blobs', id: '4fa4b6c0-31ca-4c0d-b10d-24b96f62a751', says: 'Storage without public blobs' }
  ],
  publicAccessRefused
    ? [
        {
          name: 'no-public-workspace'
          id: '438c38d2-3772-465a-a9cc-7a6666a275ce'
          says: 'Workspaces without public access'
        }
      ]
    : []
)

resource assigned 'Microsoft.Authorization/policyAssignments@2025-01-01' = [
  for policy in builtIns: {
    name: policy.name
    properties: {
      displayName: policy.says
      enforcementMode: 'Default'
      policyDefinitionId: '/providers/Microsoft.Authorization/policyDefinitions/${policy.id}'
      parameters: { effect: { value: 'Deny' } }
      nonComplianceMessages: [{ message: '${policy.says}: the infrastructure\'s policies ask for it.' }]
    }
  }
]

// One assignment a tag, as the definition asks. It always refuses, and looks at everything that can have tags; so it is
// told what to look at: what people make. A release makes deployments, and Azure makes things by itself (the interface
// of a private endpoint, the first action group of Application Insights), that have none.
var requiredTags = ['owner', 'costCentre', 'target']
var taggedKinds = [
  'Microsoft.ContainerRegistry/registries'
  'Microsoft.Insights/components'
  'Microsoft.KeyVault/vaults'
  'Microsoft.MachineLearningServices/workspaces'
  'Microsoft.MachineLearningServices/workspaces/computes'
  'Microsoft.ManagedIdentity/userAssignedIdentities'
  'Microsoft.Network/privateEndpoints'
  'Microsoft.Network/virtualNetworks'
  'Microsoft.OperationalInsights/workspaces'
  'Microsoft.Storage/storageAccounts'
]

resource tagged 'Microsoft.Authorization/policyAssignments@2025-01-01' = [
  for tag in requiredTags: {
    name: 'tag-${tag}'
    properties: {
      displayName: 'Required tag: ${tag}'
      enforcementMode: 'Default'
      policyDefinitionId: '/providers/Microsoft.Authorization/policyDefinitions/871b6d14-10aa-478d-b590-94f262ecfa99'
      parameters: { tagName: { value: tag } }
      resourceSelectors: [
        { name: 'what-people-make', selectors: [{ kind: 'resourceType', in: taggedKinds }] }
      ]
      nonComplianceMessages: [{ message: 'The tag ${tag} is missing: the infrastructure\'s policies ask for it.' }]
    }
  }
]

resource limited 'Microsoft.Authorization/policyAssignments@2025-01-01' = {
  name: 'allowed-sizes'
  properties: {
    displayName: 'Allowed sizes of machine-learning nodes'
    enforcementMode: 'Default'
    policyDefinitionId: sizePolicyId
    parameters: { sizes: { value: sizes } }
    nonComplianceMessages: [
      { message: 'The size is not among the allowed ones; the infrastructure\'s parameters list them.' }
    ]
  }
}
