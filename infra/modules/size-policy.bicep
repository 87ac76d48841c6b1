targetScope = 'subscription'

// No built-in policy limits the sizes of machine-learning nodes: the one for sizes looks at virtual machines.

@description('Required. The name of the definition.')
param name string

resource definition 'Microsoft.Authorization/policyDefinitions@2025-01-01' = {
  name: name
  properties: {
    displayName: 'Machine learning: allowed sizes of nodes'
    description: 'Refuses clusters and online deployments with a size that is not in the list.'
    policyType: 'Custom'
    mode: 'All'
    metadata: { category: 'Machine Learning', version: '1.0.0' }
    parameters: {
      sizes: { type: 'Array', metadata: { displayName: 'Allowed sizes' } }
    }
    policyRule: {
      if: {
        anyOf: [
          {
            allOf: [
              { field: 'type', equals: 'Microsoft.MachineLearningServices/workspaces/computes' }
              { field: 'Microsoft.MachineLearningServices/workspaces/computes/vmSize', exists: true }
              {
                field: 'Microsoft.MachineLearningServices/workspaces/computes/vmSize'
                notIn: '[parameters(\'sizes\')]'
              }
            ]
          }
          {
            allOf: [
              { field: 'type', equals: 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments' }
              {
                field: 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/instanceType'
                notIn: '[parameters(\'sizes\')]'
              }
            ]
          }
        ]
      }
      then: { effect: 'deny' }
    }
  }
}

@description('The id of the definition.')
output id string = definition.id
