// A private address of one service of a resource, and its name in the private zones.

import { resourceTagsType } from '../types.bicep'

@description('Required. The name of the private endpoint.')
param name string

@description('Required. The region.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. The resource that it leads to.')
param targetId string

@description('Required. The service of that resource.')
param groupId string

@description('Required. The subnet that the address is taken from.')
param subnetId string

@description('Required. The private DNS zones that the name is written to.')
@minLength(1)
param zoneIds string[]

resource endpoint 'Microsoft.Network/privateEndpoints@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: groupId, properties: { privateLinkServiceId: targetId, groupIds: [groupId] } }
    ]
  }
}

resource zones 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-01-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [for (zone, i) in zoneIds: { name: 'zone-${i}', properties: { privateDnsZoneId: zone } }]
  }
}
