// The private way to the logs. Azure Monitor has no private endpoint for each resource, but one for a scope that
// lists them. From a network that has one, nothing is sent to logs outside of the scope; one network takes one scope.

import { privateNetworkType, resourceTagsType } from '../types.bicep'

@description('Required. The name of the scope.')
param name string

@description('Required. The region of the private endpoint; the scope itself has none.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. What is reached through it, by id.')
param linked { logs: string, insights: string }

@description('Required. Where its private endpoint is put.')
param privateNetwork privateNetworkType

resource link 'Microsoft.Insights/privateLinkScopes@2021-09-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: { accessModeSettings: { ingestionAccessMode: 'PrivateOnly', queryAccessMode: 'PrivateOnly' } }
}

// The scope takes one change at a time: another is refused while it is in the state Provisioning.
@batchSize(1)
resource parts 'Microsoft.Insights/privateLinkScopes/scopedResources@2021-09-01' = [
  for part in items(linked): {
    parent: link
    name: part.key
    properties: { linkedResourceId: part.value }
  }
]

// Its names are those of the parts, so it comes after them.
module endpoint 'private-endpoint.bicep' = {
  dependsOn: [parts]
  params: {
    name: 'pe-${name}-azuremonitor'
    location: location
    tags: tags
    targetId: link.id
    groupId: 'azuremonitor'
    subnetId: privateNetwork.subnetId
    // Blob too: agents fetch their parts from an account of Azure Monitor.
    zoneIds: map(['monitor', 'oms', 'ods', 'agentsvc', 'blob'], zone => privateNetwork.zoneIds[zone])
  }
}

@description('The id of the scope.')
output id string = link.id
